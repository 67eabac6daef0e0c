//! What can be typed: the flags that every command has, and the list of commands. Each command declares its own arguments beside
//! its code; `--help`, the manual pages and the completions all come from these declarations.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::{db, documents, match_command};

/// Tells what really runs behind a port, with the rules of nmap-service-probes and its exact answers.
#[derive(Debug, Parser)]
#[command(
    name = "portprint",
    disable_version_flag = true,
    arg_required_else_help = true,
    max_term_width = 110,
    after_long_help = "\
Exit codes:
  0    done
  1    a fault of ours or of the system
  2    wrong usage
  3    done, but some input was bad and skipped (each told on standard error)
  130  interrupted (Ctrl-C, SIGTERM, SIGHUP); partial results and the resume file are written

Results go to standard output, everything else to standard error.

Examples:
  portprint match responses.jsonl              what do these responses say?
  portprint match --raw --probe GetRequest r   the same of one response in a file
  portprint db stats                           what does the database hold?
  portprint --db my.db match responses.jsonl   another database than the one built in
  portprint --rules site.probes match r.jsonl  rules of one's own, asked first"
)]
pub(crate) struct Arguments {
    /// Print version, database sources, table format version and CPU features in use
    #[arg(short = 'V', long)]
    pub(crate) version: bool,

    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Arguments {
    /// What was typed. Help and usage faults keep to `--color` too, although they come before anything is understood.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let typed: Vec<OsString> = std::env::args_os().collect();
        let value = typed.iter().zip(typed.iter().skip(1)).find(|(flag, _)| *flag == "--color").map(|(_, value)| value);
        let joined = |value: &str| typed.iter().any(|word| word.to_str() == Some(&format!("--color={value}")));
        let is = |word: &str| value.is_some_and(|value| value == word) || joined(word);
        let colour = match (is("always"), is("never")) {
            (true, _) => ColorChoice::Always,
            (_, true) => ColorChoice::Never,
            _ => ColorChoice::Auto,
        };
        Self::from_arg_matches(&Self::command().color(colour).try_get_matches_from(typed)?)
    }
}

/// The flags of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use this database instead of the embedded one
    ///
    /// Either a compiled one, which loads in milliseconds (see `portprint db compile`), or a text in nmap's service-probes format,
    /// which is compiled first.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,

    /// Ask these rules first (may be given several times)
    ///
    /// A text in nmap's service-probes format. Its lines are tried before those of the database; of several files the first one
    /// given is asked first. The whole is compiled at start: `portprint db compile` does that once for all.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,

    /// Say less: faults only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more (-vv: even more)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// What to say on standard error; goes before -q and -v
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevel>,

    /// When to colour text
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Nothing at all.
    Off,
    /// Why the program failed.
    Error,
    /// Also what was skipped.
    Warn,
    /// Also what is being done.
    Info,
    /// Also details.
    Debug,
    /// Everything.
    Trace,
}

/// When text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "scan")]
    Scan(Box<crate::scan::Args>),
    Match(match_command::Args),
    #[cfg(feature = "plugins")]
    Plugin(crate::plugin::Args),
    Db(db::Args),
    Completions(documents::CompletionsArgs),
    Man(documents::ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn declarations_are_consistent() {
        Arguments::command().debug_assert();
    }
}
