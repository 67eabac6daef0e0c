//! Which release of Apache Kafka a broker is of, by the versions of the requests that it takes.

use crate::wire::ApiVersions;

/// The requests by which releases are told apart: Produce, Fetch, ListOffsets, Metadata, OffsetCommit, OffsetFetch, FindCoordinator,
/// JoinGroup, ListGroups, CreateTopics, AddPartitionsToTxn, DescribeLogDirs.
const KEYS: [u16; 12] = [0, 1, 2, 3, 8, 9, 10, 11, 16, 19, 24, 35];

/// A request that the release does not have.
const NO: u16 = u16::MAX;

/// The highest versions of [`KEYS`] in each release that changed any of them.
const RELEASES: [(&str, [u16; 12]); 29] = [
    ("0.10.0", [2, 2, 0, 1, 2, 1, 0, 0, 0, NO, NO, NO]),
    ("0.10.1", [2, 3, 1, 2, 2, 1, 0, 1, 0, 0, NO, NO]),
    ("0.10.2", [2, 3, 1, 2, 2, 2, 0, 1, 0, 1, NO, NO]),
    ("0.11.0", [3, 5, 2, 4, 3, 3, 1, 2, 1, 2, 0, NO]),
    ("1.0", [5, 6, 2, 5, 3, 3, 1, 2, 1, 2, 0, 0]),
    ("1.1", [5, 7, 2, 5, 3, 3, 1, 2, 1, 2, 0, 0]),
    ("2.0", [6, 8, 3, 6, 4, 4, 2, 3, 2, 3, 1, 1]),
    ("2.1", [7, 10, 4, 7, 6, 5, 2, 3, 2, 3, 1, 1]),
    ("2.2", [7, 10, 5, 7, 6, 5, 2, 4, 2, 3, 1, 1]),
    ("2.3", [7, 11, 5, 8, 7, 5, 2, 5, 2, 3, 1, 1]),
    ("2.4", [8, 11, 5, 9, 8, 6, 3, 6, 3, 5, 1, 1]),
    ("2.5", [8, 11, 5, 9, 8, 7, 3, 7, 3, 5, 1, 1]),
    ("2.6", [8, 11, 5, 9, 8, 7, 3, 7, 4, 5, 1, 2]),
    ("2.7", [8, 12, 5, 9, 8, 7, 3, 7, 4, 6, 2, 2]),
    ("2.8", [9, 12, 6, 11, 8, 7, 3, 7, 4, 7, 3, 2]),
    // The first with KRaft has no transactions there.
    ("2.8", [9, 12, 6, 11, 8, 7, 3, 7, 4, 7, NO, 2]),
    ("3.0", [9, 12, 7, 11, 8, 8, 4, 7, 4, 7, 3, 2]),
    ("3.1", [9, 13, 7, 12, 8, 8, 4, 7, 4, 7, 3, 2]),
    ("3.2", [9, 13, 7, 12, 8, 8, 4, 9, 4, 7, 3, 3]),
    ("3.3 - 3.4", [9, 13, 7, 12, 8, 8, 4, 9, 4, 7, 3, 4]),
    ("3.5", [9, 15, 8, 12, 8, 8, 4, 9, 4, 7, 3, 4]),
    ("3.6", [9, 15, 8, 12, 8, 8, 4, 9, 4, 7, 4, 4]),
    ("3.7", [10, 16, 8, 12, 9, 9, 4, 9, 4, 7, 4, 4]),
    ("3.8", [11, 16, 8, 12, 9, 9, 5, 9, 5, 7, 5, 4]),
    ("3.9", [11, 17, 9, 12, 9, 9, 6, 9, 5, 7, 5, 4]),
    ("4.0", [12, 17, 10, 13, 9, 9, 6, 9, 5, 7, 5, 4]),
    ("4.1", [13, 18, 10, 13, 9, 9, 6, 9, 5, 7, 5, 4]),
    ("4.2", [13, 18, 11, 13, 10, 10, 6, 9, 5, 7, 5, 4]),
    ("4.3", [13, 18, 11, 13, 10, 10, 6, 9, 5, 7, 5, 5]),
];

/// The level of the feature `metadata.version` that releases with KRaft came to.
const LEVELS: [(u16, &str); 14] = [
    (1, "3.0"),
    (2, "3.1"),
    (3, "3.2"),
    (7, "3.3"),
    (8, "3.4"),
    (11, "3.5"),
    (14, "3.6"),
    (19, "3.7"),
    (20, "3.8"),
    (21, "3.9"),
    (25, "4.0"),
    (27, "4.1"),
    (29, "4.2"),
    (30, "4.3"),
];

/// The release whose requests these are, each of [`KEYS`] in the very version.
pub(crate) fn exact(versions: &ApiVersions) -> Option<&'static str> {
    let have = KEYS.map(|key| versions.max(key).unwrap_or(NO));
    RELEASES.iter().find(|(_, of)| *of == have).map(|&(name, _)| name)
}

/// The release that the level of a feature belongs to. None but Apache Kafka's code has this feature.
pub(crate) fn by_features(versions: &ApiVersions) -> Option<Option<&'static str>> {
    let feature = versions.features.iter().find(|feature| feature.name == "metadata.version")?;
    Some(LEVELS.iter().find(|(level, _)| *level == feature.max).map(|&(_, name)| name))
}

/// The newest release of whose Produce, Fetch and Metadata requests the broker takes all versions.
pub(crate) fn like(versions: &ApiVersions) -> Option<&'static str> {
    let takes = |key, version| versions.max(key).is_some_and(|max| max >= version);
    let all = |of: &[u16; 12]| KEYS.iter().zip(of).take(4).all(|(&key, &version)| key == 2 || takes(key, version));
    RELEASES.iter().rev().find(|(_, of)| all(of)).map(|&(name, _)| name)
}
