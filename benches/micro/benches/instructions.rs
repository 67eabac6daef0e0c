//! Instructions of the engine's parts, which do not vary from run to run: `cargo bench -p portprint-micro --bench instructions`.
//!
//! The numbers here are those of the last change that meant to change them. The benchmark fails when one rises by more than 5 %.
//! Whoever makes the engine faster writes the new numbers here, with the same commit.
#![allow(missing_docs, unreachable_pub, reason = "gungraun's macros make items without documentation")]

use std::hint::black_box;

use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use portprint_micro::{Case, banner, http, nothing};

/// Allows 5 % more instructions than this.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let limit = instructions + instructions / 20;
    LibraryBenchmarkConfig::default().tool(Callgrind::default().hard_limits([(EventKind::Ir, limit)])).to_owned()
}

#[library_benchmark]
#[bench::banner(args = (banner()), config = at_most(1_848))]
#[bench::http(args = (http()), config = at_most(4_739))]
#[bench::nothing(args = (nothing()), config = at_most(8_894))]
fn candidates(mut case: Case) -> (Case, usize) {
    let count = black_box(&mut case).candidates();
    (case, count)
}

#[library_benchmark]
#[bench::banner(args = (banner()), config = at_most(5_325))]
#[bench::http(args = (http()), config = at_most(8_309))]
#[bench::nothing(args = (nothing()), config = at_most(8_928))]
fn classify(mut case: Case) -> (Case, bool) {
    let is_hit = black_box(&mut case).classify();
    (case, is_hit)
}

#[library_benchmark]
#[bench::banner(args = (banner()), config = at_most(745))]
#[bench::http(args = (http()), config = at_most(930))]
fn test_line(mut case: Case) -> (Case, bool) {
    let is_match = black_box(&mut case).test_line();
    (case, is_match)
}

#[library_benchmark]
#[bench::banner(args = (banner()), config = at_most(4_272))]
#[bench::http(args = (http()), config = at_most(4_242))]
fn fields(mut case: Case) -> (Case, usize) {
    let count = black_box(&mut case).fields();
    (case, count)
}

library_benchmark_group!(name = parts, benchmarks = [candidates, classify, test_line, fields]);
main!(library_benchmark_groups = parts);
