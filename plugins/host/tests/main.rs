//! Plugins of every kind against their host.

mod conversations;
mod faults;
mod isolation;
mod libraries;
mod toys;
mod triggers;
