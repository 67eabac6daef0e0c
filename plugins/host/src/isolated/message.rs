//! What is said between portprint and a process with a plugin in it.
//!
//! Messages are postcard's, each with its length before it. Both sides are of the same program, so there is one version of this.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use portprint_core::handshake::{Action, Event, Fault, Limits, Target};
use portprint_tables::Protocol;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Description;

/// The most bytes of a message: an event brings at most what a session receives in all.
const MOST: usize = 16 * 1024 * 1024;

/// To the process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Begin a session. The answer is [`Answer::Opened`].
    Open { target: Box<OwnTarget>, seed: u64 },
    /// The session goes on. The answer is [`Answer::Stepped`].
    Step(Event),
    /// The session is over. The answer is [`Answer::Closed`].
    Close,
}

/// From the process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The first message.
    Hello {
        /// The version of the ABI that the process has.
        abi: (u16, u16),
        /// The plugin.
        description: Box<Description>,
    },
    /// The first message, if the plugin cannot be used.
    Refused(String),
    Opened(Result<(), Fault>),
    Stepped(Result<Action, Fault>),
    Closed,
}

/// A target that can be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OwnTarget {
    host: String,
    address: IpAddr,
    port: u16,
    is_udp: bool,
    inside: bool,
    can_secure: bool,
    pub(super) limits: Limits,
}

impl OwnTarget {
    pub(super) fn of(target: &Target<'_>) -> Self {
        let Target { host, address, port, protocol, inside, can_secure, limits } = *target;
        Self { host: host.to_owned(), address, port, is_udp: protocol == Protocol::Udp, inside, can_secure, limits }
    }

    pub(super) fn lend(&self) -> Target<'_> {
        Target {
            host: &self.host,
            address: self.address,
            port: self.port,
            protocol: if self.is_udp { Protocol::Udp } else { Protocol::Tcp },
            inside: self.inside,
            can_secure: self.can_secure,
            limits: self.limits,
        }
    }
}

/// A message as it is sent.
pub(super) fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut frame = postcard::to_extend(message, vec![0; 4]).map_err(|error| invalid(error.to_string()))?;
    let len = frame.len() - 4;
    if len > MOST {
        return Err(invalid(format!("a message has {len} bytes; at most {MOST} are allowed")));
    }
    frame[..4].copy_from_slice(&(len as u32).to_le_bytes());
    Ok(frame)
}

pub(super) fn write(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    output.write_all(&frame(message)?)?;
    output.flush()
}

/// The next message. `None`: the other side has closed.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut len = [0; 4];
    match input.read_exact(&mut len) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let len = u32::from_le_bytes(len) as usize;
    if len > MOST {
        return Err(invalid(format!("a message has {len} bytes; at most {MOST} are allowed")));
    }
    // It grows with what comes, whatever length was said.
    let mut bytes = Vec::new();
    input.take(len as u64).read_to_end(&mut bytes)?;
    if bytes.len() < len {
        return Ok(None);
    }
    postcard::from_bytes(&bytes).map(Some).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_can_be_read() {
        let mut state = 1_u64;
        for len in 0..3000_usize {
            let body: Vec<u8> = (0..len % 64)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 60) as u8
                })
                .collect();
            let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
            bytes.extend_from_slice(&body);
            // Whatever it is, nothing panics and nothing is reserved for what does not come.
            read::<Answer>(&mut bytes.as_slice()).ok();
        }
        let huge = [0xff; 64];
        assert!(read::<Answer>(&mut huge.as_slice()).is_err());
        let cut = frame(&Answer::Closed).expect("it is short");
        assert!(matches!(read::<Answer>(&mut &cut[..cut.len() - 1]), Ok(None)));
        assert!(matches!(read::<Answer>(&mut cut.as_slice()), Ok(Some(Answer::Closed))));
    }
}
