//! What versions are called.

/// A release of SQL Server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) name: &'static str,
    /// Before 2017 there was none for Linux.
    pub(crate) is_windows: bool,
    /// The builds of RTM and of the service packs, in their order.
    packs: &'static [u16],
}

/// Releases by major and minor version.
const RELEASES: [(u8, u8, Release); 12] = [
    (7, 0, release("7.0", true, &[623, 699, 842, 961, 1063])),
    (8, 0, release("2000", true, &[194, 384, 532, 760, 2039])),
    (9, 0, release("2005", true, &[1399, 2047, 3042, 4035, 5000])),
    (10, 0, release("2008", true, &[1600, 2531, 4000, 5500, 6000])),
    (10, 50, release("2008 R2", true, &[1600, 2500, 4000, 6000])),
    (11, 0, release("2012", true, &[2100, 3000, 5058, 6020, 7001])),
    (12, 0, release("2014", true, &[2000, 4100, 5000, 6024])),
    (13, 0, release("2016", true, &[1601, 4001, 5026, 6300])),
    (14, 0, release("2017", false, &[1000])),
    (15, 0, release("2019", false, &[2000])),
    (16, 0, release("2022", false, &[1000])),
    (17, 0, release("2025", false, &[1000])),
];

const fn release(name: &'static str, is_windows: bool, packs: &'static [u16]) -> Release {
    Release { name, is_windows, packs }
}

impl Release {
    pub(crate) fn of(major: u8, minor: u8) -> Option<&'static Self> {
        RELEASES
            .iter()
            .find_map(|(its_major, its_minor, release)| ((*its_major, *its_minor) == (major, minor)).then_some(release))
    }

    /// The service pack that a build is of, 0 for none, and whether it has updates on top.
    pub(crate) fn pack(&self, build: u16) -> Option<(usize, bool)> {
        let pack = self.packs.iter().rposition(|&it| it <= build)?;
        Some((pack, self.packs.get(pack) != Some(&build)))
    }
}
