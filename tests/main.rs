//! All integration tests of the root package: one binary, a module each.

// Matching allocates nothing once its memory is warm; batches.
mod allocations;
// Our determiniser against regex-automata.
mod automata;
// The program from outside: arguments, streams, exit codes, documents.
mod cli;
// The program's answers, field by field, over our own corpus and those beside the checkout.
mod conformance;
// Where the other modules get their databases.
mod databases;
// What is told of bad databases, and where.
mod diagnostics;
// The matcher against PCRE2, on responses made from the patterns of all lines.
mod differential;
// The generated index and the build report, byte for byte.
mod golden;
// Scans of peers that mean no good: time, memory, and everybody else.
#[cfg(target_os = "linux")]
mod hostile;
// What is found in rules that compile.
mod lint;
// Every line of probes/ has an example, and answers it.
mod own_rules;
// What scans write, read again by readers of each format.
mod outputs;
// Folders in which the other modules scan.
mod place;
// PCRE2, the oracle of `differential`.
mod pcre2;
// Shared libraries of plugins, good ones and others.
mod plugins;
// Same input, same bytes; damaged bytes are found.
mod reproducible;
// The session state machine against simulated peers, and the scanner on loopback.
mod sessions;
// What must be true of the tree itself: arrows between crates, layout, words.
mod tidy;
