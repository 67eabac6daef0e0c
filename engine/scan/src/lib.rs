//! Drives [sessions](portprint_core::session) over real sockets: many ports of many hosts at a time, within limits.
//!
//! ```no_run
//! # async fn example(database: portprint_tables::Database<'static>) {
//! use portprint_core::Matcher;
//! use portprint_scan::{Cancel, Defaults, Event, PortSelection, Ports, Progress, ScanConfig, Scanner, Targets};
//! use portprint_tables::Protocol;
//!
//! let ports = PortSelection::from_ports(Protocol::Tcp, [22, 80]);
//! let mut targets = Targets::new(Defaults { protocol: Protocol::Tcp, ports, usual: Ports::default() }, 1);
//! targets.add("127.0.0.0/30".parse().unwrap());
//! let scanner = Scanner::new(Matcher::new(&database), ScanConfig::default());
//! scanner
//!     .run(targets, &Cancel::new(), &Progress::new(), |event| {
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
mod done;
mod driver;
mod event;
mod feed;
mod limit;
mod permutation;
mod plugins;
mod ports;
mod progress;
mod recording;
mod resolve;
mod scanner;
mod schedule;
mod space;
mod spare;
mod tally;
mod target;
mod targets;
mod transport;

pub use config::ScanConfig;
pub use done::{Done, Place, Window};
pub use event::{Event, HostSkipped, PortMoment, PortNote, PortReport, SkipReason, Summary};
pub use limit::available_descriptors;
pub use ports::{PortSelection, PortSet, Ports, PortsError};
pub use progress::Progress;
pub use recording::Moment;
pub use scanner::Scanner;
pub use space::{Defaults, Item};
pub use target::{AddressRange, Excluded, Exclusion, Host, Hosts, Target, TargetError};
pub use targets::{Arrival, Items, Shard, Stream, Targets, WINDOW};
pub use tokio_util::sync::CancellationToken as Cancel;
pub use transport::{Connection, Direct, Endpoint, Proxied, Proxy, ProxyError, TlsOffer, Transport};
