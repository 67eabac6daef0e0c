//! Time of the engine's parts: `cargo bench -p portprint-micro --bench time`.
#![allow(missing_docs, reason = "criterion's macros make functions without documentation")]

use criterion::{Criterion, criterion_group, criterion_main};
use portprint_micro::{Case, banner, http, nothing};

fn parts(criterion: &mut Criterion) {
    for (name, case) in [("banner", banner as fn() -> Case), ("http", http), ("nothing", nothing)] {
        let mut group = criterion.benchmark_group(name);
        let mut case = case();
        group.bench_function("candidates", |bencher| bencher.iter(|| case.candidates()));
        group.bench_function("classify", |bencher| bencher.iter(|| case.classify()));
        if name != "nothing" {
            group.bench_function("test_line", |bencher| bencher.iter(|| case.test_line()));
            group.bench_function("fields", |bencher| bencher.iter(|| case.fields()));
        }
        group.finish();
    }
}

criterion_group!(benches, parts);
criterion_main!(benches);
