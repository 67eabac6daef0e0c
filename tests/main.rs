//! All integration tests of the root package: one binary, a module each.

// The program's answers, field by field, over our own corpus and those beside the checkout.
mod conformance;
// Where the other modules get their databases.
mod databases;
// What is told of bad databases, and where.
mod diagnostics;
// The generated index and the build report, byte for byte.
mod golden;
// Every line of probes/ has an example, and answers it.
mod own_rules;
// Same input, same bytes; damaged bytes are found.
mod reproducible;
