//! Drives [sessions](portprint_core::session) over real sockets: many ports of many hosts at a time, within limits.
//!
//! ```no_run
//! # async fn example(database: portprint_tables::Database<'static>) {
//! use portprint_core::Matcher;
//! use portprint_scan::{Cancel, Event, Hosts, PortSet, Progress, ScanConfig, Scanner};
//!
//! let mut hosts = Hosts::new(PortSet::from_ports([22, 80]));
//! assert!(hosts.add(&"127.0.0.1".parse().unwrap()));
//! let scanner = Scanner::new(Matcher::new(&database), ScanConfig::default());
//! scanner
//!     .run(hosts, &Cancel::new(), &Progress::new(), |event| {
//!         if let Event::Port(port) = event {
//!             println!("{} {:?}", port.address, port.report.answer);
//!         }
//!     })
//!     .await;
//! # }
//! ```
//!
//! What a protocol says is none of this crate's business: it moves bytes between sockets and sessions, keeps time, and decides who
//! may connect when. It fails only by its own fault or the system's; what peers do are outcomes.

mod config;
mod driver;
mod event;
mod limit;
mod ports;
mod progress;
mod scanner;
mod target;
mod transport;

pub use config::ScanConfig;
pub use event::{Event, HostSkipped, PortNote, PortReport, Summary};
pub use limit::available_descriptors;
pub use ports::{PortSelection, PortSet, PortsError};
pub use progress::Progress;
pub use scanner::Scanner;
pub use target::{Host, Hosts, Target, TargetError};
pub use tokio_util::sync::CancellationToken as Cancel;
pub use transport::{Connection, Direct, Endpoint, Transport};
