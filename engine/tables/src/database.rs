//! Checked views of a compiled database.

use core::ops::Range;

use crate::{
    ExcludeRow, Extent, FormatError, GramRow, LineId, LineRow, PortRange, PortRow, ProbeId, ProbeRow, Protocol,
    Section, SectionTable, ServiceRow, SourceId, SourceRow, TextRow, TextSourceRow, WindowRow,
};

/// A compiled database: views into one block of bytes. Small, and cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Database<'a> {
    table: SectionTable<'a>,
    bytes: &'a [u8],
    sources: &'a [u8],
    services: &'a [u8],
    probes: &'a [u8],
    ports: &'a [u8],
    probe_lists: &'a [u8],
    exclude: &'a [u8],
    /// What the matcher reads, section by section.
    pub engine: Engine<'a>,
}

/// The sections that only the matcher reads.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "each is described at the `Section` of its name")]
pub struct Engine<'a> {
    pub sets: &'a [u8],
    pub code: &'a [u8],
    pub gram_filter: &'a [u8],
    pub gram_index: &'a [u8],
    pub grams: &'a [u8],
    pub literals: &'a [u8],
    pub window_offsets: &'a [u8],
    pub window_index: &'a [u8],
    pub windows: &'a [u8],
    pub window_filter: &'a [u8],
    pub found_lines: &'a [u8],
    pub position_lines: &'a [u8],
    pub position_sets: &'a [u8],
    pub lines: &'a [u8],
}

impl<'a> Engine<'a> {
    /// The lines of a gram or window.
    pub fn found(&self, lines: u32, count: u16) -> impl Iterator<Item = LineId> + use<'a> {
        let (one, first) = if count == 1 { (Some(LineId::from_u32(lines)), 0) } else { (None, lines as usize) };
        let len = if count == 1 { 0 } else { usize::from(count) };
        one.into_iter().chain(line_ids(&self.found_lines[first * 4..][..len * 4]))
    }

    /// The lines that are found by their first places.
    pub fn found_by_position(&self) -> impl ExactSizeIterator<Item = LineId> + use<'a> {
        line_ids(self.position_lines)
    }
}

fn line_ids(list: &[u8]) -> impl ExactSizeIterator<Item = LineId> + use<'_> {
    list.chunks_exact(4)
        .map(|chunk| LineId::from_u32(u32::from_le_bytes(chunk.try_into().expect("chunks have four bytes"))))
}

impl<'a> Database<'a> {
    /// Views `bytes` as a database. Takes constant time: only header and section table are read. The bytes must be what the compiler
    /// wrote; for bytes from elsewhere call [`Database::verify`] next, or the matcher may panic on them. Matching is fastest where they
    /// start at a multiple of [`ALIGNMENT`](crate::ALIGNMENT); [`aligned`](crate::aligned) gives such a place.
    ///
    /// # Errors
    /// When the header is not one of ours, of another version, or a section is missing or has an impossible length.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let table = SectionTable::from_bytes(bytes)?;
        let engine = Engine {
            sets: table.rows(Section::Sets, 32)?,
            code: table.get(Section::Code)?,
            gram_filter: table.rows(Section::GramFilter, 4)?,
            gram_index: table.rows(Section::GramIndex, 8)?,
            grams: table.rows(Section::Grams, GramRow::SIZE)?,
            literals: table.get(Section::Literals)?,
            window_offsets: table.get(Section::WindowOffsets)?,
            window_index: table.rows(Section::WindowIndex, 4)?,
            windows: table.rows(Section::Windows, WindowRow::SIZE)?,
            window_filter: table.rows(Section::WindowFilter, 4)?,
            found_lines: table.rows(Section::FoundLines, 4)?,
            position_lines: table.rows(Section::PositionLines, 4)?,
            position_sets: table.rows(Section::PositionSets, 8)?,
            lines: table.rows(Section::Lines, LineRow::SIZE)?,
        };
        Ok(Self {
            table,
            bytes: table.get(Section::Bytes)?,
            sources: table.rows(Section::Sources, SourceRow::SIZE)?,
            services: table.rows(Section::Services, ServiceRow::SIZE)?,
            probes: table.rows(Section::Probes, ProbeRow::SIZE)?,
            ports: table.rows(Section::Ports, PortRow::SIZE)?,
            probe_lists: table.rows(Section::ProbeLists, 4)?,
            exclude: table.rows(Section::Exclude, ExcludeRow::SIZE)?,
            engine,
        })
    }

    /// Reads everything once and compares the checksum.
    ///
    /// # Errors
    /// When the bytes are not those that were written.
    pub fn verify(&self) -> Result<(), FormatError> {
        self.table.verify_checksum()?;
        crate::verify::references(self)
    }

    /// Number and length of every section.
    #[must_use]
    pub fn section_table(&self) -> SectionTable<'a> {
        self.table
    }

    /// The sources by priority.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = Source<'a>> + use<'a> {
        let database = *self;
        (0..self.sources.len() / SourceRow::SIZE).map(move |index| database.source(SourceId::new(index)))
    }

    /// One source.
    #[must_use]
    pub fn source(&self, id: SourceId) -> Source<'a> {
        Source { database: *self, row: SourceRow::at(self.sources, id.index()) }
    }

    /// How many probes there are.
    #[must_use]
    pub fn probe_count(&self) -> usize {
        self.probes.len() / ProbeRow::SIZE
    }

    /// All probes, sources in priority order, probes in file order.
    pub fn probes(&self) -> impl ExactSizeIterator<Item = Probe<'a>> + use<'a> {
        let database = *self;
        (0..self.probe_count()).map(move |index| database.probe(ProbeId::new(index)))
    }

    /// One probe.
    #[must_use]
    #[inline]
    pub fn probe(&self, id: ProbeId) -> Probe<'a> {
        Probe { database: *self, id, row: ProbeRow::at(self.probes, id.index()) }
    }

    /// The first probe with this protocol and name. The NULL probe counts as TCP.
    #[must_use]
    pub fn find_probe(&self, protocol: Protocol, name: &[u8]) -> Option<Probe<'a>> {
        self.probes().find(|probe| probe.protocol() == protocol && probe.name() == name)
    }

    /// How many lines there are.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.engine.lines.len() / LineRow::SIZE
    }

    /// One line.
    #[must_use]
    #[inline]
    pub fn line(&self, id: LineId) -> LineRow {
        LineRow::at(self.engine.lines, id.index())
    }

    /// The name of the service in this row.
    #[must_use]
    pub fn service_name(&self, row: u16) -> &'a [u8] {
        self.text(ServiceRow::at(self.services, usize::from(row)).name)
    }

    /// How many service names there are.
    #[must_use]
    pub fn service_count(&self) -> usize {
        self.services.len() / ServiceRow::SIZE
    }

    /// Whether the `Exclude` directive of the first source that has one names this port.
    #[must_use]
    pub fn is_excluded(&self, protocol: Protocol, port: u16) -> bool {
        let bit = match protocol {
            Protocol::Tcp => ExcludeRow::TCP,
            Protocol::Udp => ExcludeRow::UDP,
        };
        self.excluded().any(|row| row.protocols & bit != 0 && row.first <= port && port <= row.last)
    }

    /// The rows of the `Exclude` directive.
    pub fn excluded(&self) -> impl ExactSizeIterator<Item = ExcludeRow> + use<'a> {
        let rows = self.exclude;
        (0..rows.len() / ExcludeRow::SIZE).map(move |index| ExcludeRow::at(rows, index))
    }

    fn text(&self, extent: Extent) -> &'a [u8] {
        &self.bytes[extent.start as usize..][..extent.len as usize]
    }

    fn port_ranges(&self, extent: Extent) -> impl ExactSizeIterator<Item = PortRange> + use<'a> {
        let rows = self.ports;
        (extent.start as usize..(extent.start + extent.len) as usize).map(move |index| {
            let row = PortRow::at(rows, index);
            PortRange { first: row.first, last: row.last }
        })
    }

    #[inline]
    fn probe_list(&self, extent: Extent) -> impl ExactSizeIterator<Item = ProbeId> + use<'a> {
        let list = &self.probe_lists[extent.start as usize * 4..][..extent.len as usize * 4];
        list.chunks_exact(4)
            .map(|chunk| ProbeId::from_u32(u32::from_le_bytes(chunk.try_into().expect("chunks have four bytes"))))
    }

    pub(crate) fn raw(&self) -> Raw<'a> {
        Raw {
            bytes: self.bytes,
            sources: self.sources,
            services: self.services,
            probes: self.probes,
            ports: self.ports,
            probe_lists: self.probe_lists,
            lines: self.engine.lines,
        }
    }
}

/// The sections behind the views, for verification.
pub(crate) struct Raw<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) sources: &'a [u8],
    pub(crate) services: &'a [u8],
    pub(crate) probes: &'a [u8],
    pub(crate) ports: &'a [u8],
    pub(crate) probe_lists: &'a [u8],
    pub(crate) lines: &'a [u8],
}

/// A database file that went in.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    database: Database<'a>,
    row: SourceRow,
}

impl<'a> Source<'a> {
    /// Its name, usually the file's without its folder.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.database.text(self.row.name)
    }

    /// The licence of its rules.
    #[must_use]
    pub fn licence(&self) -> &'a [u8] {
        self.database.text(self.row.licence)
    }

    /// SHA-256 of its text.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.row.sha256
    }

    /// How many `match` and `softmatch` lines it has.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.row.lines as usize
    }

    /// How many probes it declares.
    #[must_use]
    pub fn probe_count(&self) -> usize {
        self.row.probes as usize
    }

    /// Sources of equal priority are one set of rules; a lower number is asked first.
    #[must_use]
    pub fn priority(&self) -> u32 {
        self.row.priority
    }
}

/// Line ids `start..end`.
pub type LineRange = core::ops::Range<u32>;

/// A probe: what is sent, when, and which lines know the answers.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    database: Database<'a>,
    id: ProbeId,
    row: ProbeRow,
}

impl<'a> Probe<'a> {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ProbeId {
        self.id
    }

    /// Its name; unique with its protocol inside one source.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.database.text(self.row.name)
    }

    /// TCP or UDP. The NULL probe is TCP.
    #[must_use]
    #[inline]
    pub fn protocol(&self) -> Protocol {
        Protocol::from_u8(self.row.protocol)
    }

    /// What is sent; empty for the NULL probe.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.database.text(self.row.payload)
    }

    /// Whether it sends nothing and listens.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.row.flags & ProbeRow::NULL != 0
    }

    /// The flag `no-payload`: never a payload of a UDP port scan.
    #[must_use]
    pub fn is_no_payload(&self) -> bool {
        self.row.flags & ProbeRow::NO_PAYLOAD != 0
    }

    /// 1 (common) to 9 (rare).
    #[must_use]
    pub fn rarity(&self) -> u8 {
        self.row.rarity
    }

    /// How long to wait for answers, in milliseconds.
    #[must_use]
    pub fn totalwaitms(&self) -> u32 {
        self.row.totalwaitms
    }

    /// How soon a close without data means tcpwrapped, in milliseconds.
    #[must_use]
    pub fn tcpwrappedms(&self) -> u32 {
        self.row.tcpwrappedms
    }

    /// Ports where its services are usual.
    pub fn ports(&self) -> impl ExactSizeIterator<Item = PortRange> + use<'a> {
        self.database.port_ranges(self.row.ports)
    }

    /// Ports where its services are usual inside TLS.
    pub fn sslports(&self) -> impl ExactSizeIterator<Item = PortRange> + use<'a> {
        self.database.port_ranges(self.row.sslports)
    }

    /// The source that declares it.
    #[must_use]
    pub fn source(&self) -> Source<'a> {
        self.database.source(SourceId::from_u32(self.row.source))
    }

    /// The physical line of its declaration.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.row.line
    }

    /// Its own lines.
    #[must_use]
    #[inline]
    pub fn lines(&self) -> LineRange {
        self.row.lines.start..self.row.lines.start + self.row.lines.len
    }

    /// Which of the lines that are found by their first places are its own, by their places in the list of those.
    #[inline]
    pub fn positions(&self) -> Range<u32> {
        self.row.positions.start..self.row.positions.start + self.row.positions.len
    }

    /// The probes whose lines are tried on a response to it, in order; over all sources.
    #[inline]
    pub fn chain(&self) -> impl ExactSizeIterator<Item = ProbeId> + use<'a> {
        self.database.probe_list(self.row.chain)
    }

    /// Its fallbacks as declared.
    pub fn fallback(&self) -> impl ExactSizeIterator<Item = ProbeId> + use<'a> {
        self.database.probe_list(self.row.fallback)
    }

    /// The probe that is sent in its place: one of an earlier source with the same protocol and payload, or itself.
    #[must_use]
    pub fn sent_as(&self) -> ProbeId {
        ProbeId::from_u32(self.row.sent_as)
    }

    /// Whether one of its own lines, hard or soft, names exactly this service.
    #[must_use]
    pub fn has_service(&self, service: &[u8]) -> bool {
        self.lines().any(|line| {
            let row = self.database.line(LineId::from_u32(line));
            self.database.service_name(row.service) == service
        })
    }
}

/// The original text of the lines, kept apart because matching does not need it.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseText<'a> {
    rows: &'a [u8],
    sources: &'a [u8],
    names: &'a [u8],
    text: &'a [u8],
}

/// A source with its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceText<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// The licence of its rules.
    pub licence: &'a [u8],
    /// Its text, byte for byte.
    pub text: &'a [u8],
    /// Whether it extends the source before it.
    pub extends: bool,
}

impl<'a> DatabaseText<'a> {
    /// Views the text sections of `bytes`.
    ///
    /// # Errors
    /// When `bytes` are not ours or hold no text.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let table = SectionTable::from_bytes(bytes)?;
        Ok(Self {
            rows: table.rows(Section::TextRows, TextRow::SIZE)?,
            sources: table.rows(Section::TextSources, TextSourceRow::SIZE)?,
            names: table.get(Section::TextNames)?,
            text: table.get(Section::Text)?,
        })
    }

    /// The sources by priority.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = SourceText<'a>> + use<'a> {
        let Self { sources, names, text, .. } = *self;
        (0..sources.len() / TextSourceRow::SIZE).map(move |index| {
            let row = TextSourceRow::at(sources, index);
            SourceText {
                name: slice(names, row.name),
                licence: slice(names, row.licence),
                text: slice(text, row.text),
                extends: row.extends != 0,
            }
        })
    }

    /// The pattern of a line, between its delimiters.
    #[must_use]
    pub fn pattern(&self, line: LineId) -> &'a [u8] {
        slice(self.text, TextRow::at(self.rows, line.index()).pattern)
    }

    /// The whole line.
    #[must_use]
    pub fn line(&self, line: LineId) -> &'a [u8] {
        slice(self.text, TextRow::at(self.rows, line.index()).line)
    }
}

/// Bytes of a section; none where a damaged row points outside.
fn slice(section: &[u8], extent: Extent) -> &[u8] {
    section.get(extent.start as usize..).and_then(|tail| tail.get(..extent.len as usize)).unwrap_or_default()
}
