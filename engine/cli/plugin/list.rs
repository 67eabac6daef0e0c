//! `portprint plugin list`: which plugins a scan would use.

use std::fmt::Write as _;
use std::path::PathBuf;

use portprint_plugin_host::{Description, Trigger};

use super::folders;
use crate::context::Context;
use crate::escape;
use crate::exit::{Ending, Failure};
use crate::output::{self, style};

/// List the plugins that a scan would use
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Plugins are loaded from the folders named by --plugin-dir, and from ../lib/portprint/plugins seen from
the folder of this program. With -v their triggers, what they send and their files are shown.

Examples:
  portprint plugin list
  portprint plugin list --plugin-dir target/release -v")]
pub(super) struct Args {
    /// Load plugins from this folder, too (may be given several times)
    #[arg(long, value_name = "DIR")]
    plugin_dir: Vec<PathBuf>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Ending, Failure> {
    let plugins = folders::load(&args.plugin_dir, false)?;
    if plugins.is_empty() {
        let installed = folders::installed().map(|folder| format!(" or in {}", folder.display()));
        log::info!("no plugins in folders named by --plugin-dir{}", installed.unwrap_or_default());
        return Ok(Ending::Done);
    }
    let entries: Vec<_> = plugins.entries().collect();
    let widest =
        |text: fn(&Description) -> &str| entries.iter().map(|it| text(it.description).len()).max().unwrap_or(0);
    let (id, version) = (widest(|it| &it.id), widest(|it| &it.version).max("VERSION".len()));
    let id = id.max("PLUGIN".len());
    let (strong, faint) = (style::STRONG, style::FAINT);
    let mut out = format!("{faint}{:id$}  {:version$}  {:13}  FINDS{faint:#}\n", "PLUGIN", "VERSION", "TRANSPORTS");
    for entry in &entries {
        let it = entry.description;
        let transports = it.transports.to_string();
        let summary = escape::line(&it.summary);
        let _ = writeln!(
            out,
            "{strong}{:id$}{strong:#}  {:version$}  {transports:13}  {summary}",
            it.id,
            escape::line(&it.version)
        );
        if context.is_verbose() {
            let triggers: Vec<_> = it.triggers.iter().map(trigger).collect();
            let ports: Vec<_> = it.ports.iter().map(u16::to_string).collect();
            let file = entry.file.map_or_else(String::new, |file| file.display().to_string());
            for (name, value) in [
                ("services", it.services.join(", ")),
                ("used when", triggers.join(", ")),
                ("ports", ports.join(", ")),
                ("sends", it.sends.clone()),
                ("licence", it.licence.clone()),
                ("file", file),
            ] {
                let _ = writeln!(out, "{:id$}  {faint}{name:10}{faint:#}  {}", "", escape::line(&value));
            }
        }
    }
    output::write(context.color(), &out)?;
    Ok(Ending::Done)
}

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Service(name) => format!("service {name}"),
        Trigger::Literal { bytes, at_start: true } => format!("begins with {}", escape::payload(bytes)),
        Trigger::Literal { bytes, at_start: false } => format!("says {}", escape::payload(bytes)),
        Trigger::Silent { streams, datagrams, is_rare } => {
            let over = match (streams, datagrams) {
                (true, false) => " over streams",
                (false, true) => " over datagrams",
                _ => "",
            };
            format!("silent{over}{}", if *is_rare { ", after others" } else { "" })
        }
        Trigger::Tls => "speaks TLS".to_owned(),
        Trigger::Alpn(name) => format!("ALPN {}", escape::payload(name)),
    }
}
