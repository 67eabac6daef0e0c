//! `portprint scan` against peers that mean no good: it ends in time, takes in no more than it may, needs no more memory for them than
//! for harmless ones, and finds everything else.

mod limits;
mod matrix;
mod measure;
mod peers;
