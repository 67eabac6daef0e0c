//! `portprint --version`. Nothing is read but headers, so that it answers at once.

use std::fmt::Write;

use portprint_tables::FORMAT_VERSION;

use crate::context::Context;
use crate::escape;
use crate::exit::{Ending, Failure};
use crate::output;

/// Version, database sources, table format version and CPU features in use.
pub(crate) fn run(context: &Context) -> Result<Ending, Failure> {
    let opened = context.database()?;
    let mut text = format!("portprint {}\ndatabase: {}\n", env!("CARGO_PKG_VERSION"), opened.origin);
    for source in opened.database.sources() {
        let sha256 = escape::hexadecimal(&source.sha256());
        writeln!(
            text,
            "  {}  sha256 {sha256}  {} rules, {} probes  licence {}",
            escape::visible(source.name()),
            source.line_count(),
            source.probe_count(),
            escape::visible(source.licence()),
        )
        .expect("strings take all text");
    }
    let features = cpu_features();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(" ") };
    writeln!(text, "table format: {FORMAT_VERSION}\ncpu features: {features}").expect("strings take all text");
    output::write(context.color(), &text)?;
    Ok(Ending::Done)
}

/// What is used when the CPU has it; today by `memchr`, in searches for bytes and literals.
fn cpu_features() -> Vec<&'static str> {
    let mut features = Vec::new();
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        features.push("avx2");
    }
    features
}
