//! Answers to four-letter words, and the first messages of a session.

use portprint_plugin_sdk::{Reader, Short};

/// The session that is asked for. Ids that are given out have the time in them.
const SESSION: u64 = 1;

const PASSWORD: usize = 16;

/// Between a server's name and its version.
const BEFORE_VERSION: &str = " version: ";

/// A `ConnectRequest` that makes no session.
pub(crate) fn connect_request() -> Vec<u8> {
    const TIMEOUT_MS: u32 = 4000;
    let mut request = Vec::new();
    request.extend_from_slice(&45_u32.to_be_bytes());
    // The protocol's version, and the last transaction that was seen.
    request.extend_from_slice(&0_u32.to_be_bytes());
    request.extend_from_slice(&0_u64.to_be_bytes());
    request.extend_from_slice(&TIMEOUT_MS.to_be_bytes());
    request.extend_from_slice(&SESSION.to_be_bytes());
    request.extend_from_slice(&16_u32.to_be_bytes());
    request.extend_from_slice(&[0; PASSWORD]);
    // A server that can only read will do.
    request.push(1);
    request
}

/// A request, number 1, to close the session.
pub(crate) fn close_session() -> Vec<u8> {
    let mut request = Vec::new();
    for word in [8_i32, 1, -11] {
        request.extend_from_slice(&word.to_be_bytes());
    }
    request
}

/// What a server says to a `ConnectRequest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectResponse {
    /// There is no such session.
    Expired,
    /// A session has been made.
    Session,
}

impl ConnectResponse {
    /// How long a response may be, with its length before it. Servers before 3.4 say nothing of being read-only.
    pub(crate) const LENGTHS: [usize; 2] = [40, 41];

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        let length = reader.u32()?;
        if usize::try_from(length).ok() != Some(reader.len())
            || !Self::LENGTHS.contains(&bytes.len())
            || reader.u32()? != 0
        {
            return Err(Short);
        }
        let timeout = reader.u32()?;
        let session = reader.u64()?;
        if reader.u32()? != 16 {
            return Err(Short);
        }
        let password = reader.array::<PASSWORD>()?;
        let is_flag = matches!(reader.rest(), [] | [0 | 1]);
        match (timeout, session) {
            (0, 0) if is_flag && password == [0; PASSWORD] => Ok(Self::Expired),
            // A request that comes back has the session that was asked for.
            (1..=86_400_000, session) if is_flag && session > u64::from(u32::MAX) => Ok(Self::Session),
            _ => Err(Short),
        }
    }
}

/// Whether it looks as if the answer to `srvr` went on.
pub(crate) fn is_first_line(line: &[u8]) -> bool {
    line.windows(BEFORE_VERSION.len()).any(|window| window == BEFORE_VERSION.as_bytes())
}

/// Whether a server refuses a four-letter word.
pub(crate) fn is_refused(answer: &str, word: &str) -> bool {
    answer
        .strip_prefix(word)
        .is_some_and(|rest| rest.starts_with(" is not executed because it is not in the whitelist"))
}

/// Whether a server says that it has no leader.
pub(crate) fn is_not_serving(answer: &str) -> bool {
    answer.starts_with("This ZooKeeper instance is not currently serving requests")
}

/// The answer to `srvr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// The name that is before the word "version".
    pub(crate) software: String,
    pub(crate) version: String,
    /// When it was built.
    pub(crate) built: Option<String>,
    pub(crate) mode: Option<String>,
    pub(crate) zxid: Option<String>,
    pub(crate) connections: Option<u32>,
    pub(crate) nodes: Option<u32>,
}

impl Server {
    pub(crate) fn read(answer: &str) -> Option<Self> {
        let (software, rest) = answer.lines().next()?.split_once(BEFORE_VERSION)?;
        let is_name = software.len() <= 40 && software.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
        let field = |name| field(answer, name, ": ");
        if !is_name || field("Latency min/avg/max").is_none() || field("Zxid").is_none() {
            return None;
        }
        let (version, built) = match rest.split_once(", built on ") {
            Some((version, built)) => (version, Some(built.trim().to_owned())),
            None => (rest, None),
        };
        Some(Self {
            software: software.to_owned(),
            version: release(version).to_owned(),
            built,
            mode: field("Mode").map(str::to_owned),
            zxid: field("Zxid").map(str::to_owned),
            connections: field("Connections").and_then(|it| it.parse().ok()),
            nodes: field("Node count").and_then(|it| it.parse().ok()),
        })
    }
}

/// The value of a line.
pub(crate) fn field<'a>(answer: &'a str, name: &str, between: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(between)).map(str::trim)
}

/// A release, without what it was built from: "3.5.3-beta-8ce24f9e" is 3.5.3-beta, "v23.8.1.1-lts-…" is 23.8.1.1.
pub(crate) fn release(version: &str) -> &str {
    let version = version.trim().trim_start_matches('v');
    let digits = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (number, rest) = version.split_at_checked(digits).unwrap_or((version, ""));
    let stage = ["-alpha", "-beta", "-rc"].iter().find_map(|stage| {
        let after = rest.strip_prefix(stage)?;
        let more = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        Some(stage.len() + more)
    });
    version.get(..number.len() + stage.unwrap_or(0)).unwrap_or(number)
}
