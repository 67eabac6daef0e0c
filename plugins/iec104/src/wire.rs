//! Frames of IEC 60870-5-104 without numbers (U format), which are all of the same length.

/// Bytes of such a frame.
pub(crate) const LENGTH: usize = 6;

/// What a frame without a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    StopAct = 0x13,
    StopCon = 0x23,
    TestAct = 0x43,
    TestCon = 0x83,
}

impl Function {
    pub(crate) fn frame(self) -> [u8; LENGTH] {
        [0x68, 4, self as u8, 0, 0, 0]
    }

    /// Nothing for what is no frame, or one that nobody sends who has not been asked to.
    pub(crate) fn read(frame: &[u8]) -> Option<Self> {
        [Self::StopAct, Self::StopCon, Self::TestAct, Self::TestCon].into_iter().find(|known| known.frame() == *frame)
    }
}
