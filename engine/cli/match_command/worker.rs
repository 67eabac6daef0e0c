//! What one job does: from a chunk of lines to the chunk of their answers.

use std::time::Instant;

use portprint_core::{Matcher, Scratch, Verdict};
use portprint_tables::{LineId, ProbeId, Protocol};

use super::answer::{Answer, Format, Id, Names};
use super::input::{Chunk, LONGEST_LINE, Lines};
use super::probes::Probes;
use super::record::Record;
use super::timing::Timing;

/// What all jobs share.
#[derive(Debug)]
pub(crate) struct Job {
    /// Over the database.
    pub(crate) matcher: Matcher<'static>,
    /// Its probes by name.
    pub(crate) probes: Probes,
    /// Its names.
    pub(crate) names: Names,
    /// How answers are written.
    pub(crate) format: Format,
    /// Whether classification is timed.
    pub(crate) timed: bool,
}

/// The answers to a chunk.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// As they are to be written.
    pub(crate) text: Vec<u8>,
    /// What is to be told besides, in the order of the lines.
    pub(crate) remarks: Vec<(u64, Remark)>,
}

/// Something to be told on standard error.
#[derive(Debug)]
pub(crate) enum Remark {
    /// The line is no record.
    Bad(String),
    /// This line of the database was given up.
    GaveUp(LineId),
}

/// A job with its memory.
#[derive(Debug)]
pub(crate) struct Worker {
    scratch: Scratch,
    response: Vec<u8>,
    timing: Timing,
}

impl Worker {
    /// A worker that has done nothing yet.
    pub(crate) fn new() -> Self {
        Self { scratch: Scratch::default(), response: Vec::new(), timing: Timing::new() }
    }

    /// What it measured.
    pub(crate) fn into_timing(self) -> Timing {
        self.timing
    }

    /// Answers every line of a chunk.
    pub(crate) fn answer(&mut self, job: &Job, chunk: &Chunk) -> Answers {
        let mut answers = Answers::default();
        match &chunk.lines {
            Lines::TooLong => {
                let message = format!("the line is longer than {LONGEST_LINE} bytes");
                job.names.write(&mut answers.text, job.format, Id::Line(chunk.first_line), Answer::Bad(&message));
                answers.remarks.push((chunk.first_line, Remark::Bad(message)));
            }
            Lines::Whole(bytes) => {
                answers.text.reserve(bytes.len() / 2);
                let mut start = 0;
                let ends =
                    memchr::memchr_iter(b'\n', bytes).chain((bytes.last() != Some(&b'\n')).then_some(bytes.len()));
                for (number, end) in (chunk.first_line..).zip(ends) {
                    self.answer_line(job, number, &bytes[start..end], &mut answers);
                    start = end + 1;
                }
            }
        }
        answers
    }

    fn answer_line(&mut self, job: &Job, number: u64, line: &[u8], answers: &mut Answers) {
        // Windows programs begin their files with a mark that is no part of the JSON.
        let line = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
        let mut buffer = std::mem::take(&mut self.response);
        let parsed = Record::parse(line, &job.probes).and_then(|record| {
            record.response(&mut buffer).map(|response| (record.id, record.protocol, record.probe, response))
        });
        match parsed {
            Ok((id, protocol, probe, response)) => {
                let id = id.map_or(Id::Line(number), Id::Given);
                self.answer_response(job, (number, id), (protocol, probe, response), answers);
            }
            Err(bad) => {
                let id = bad.id.map_or(Id::Line(number), Id::Given);
                job.names.write(&mut answers.text, job.format, id, Answer::Bad(&bad.message));
                answers.remarks.push((number, Remark::Bad(bad.message)));
            }
        }
        self.response = buffer;
    }

    /// Answers a response.
    pub(crate) fn answer_response(
        &mut self,
        job: &Job,
        (number, id): (u64, Id<'_>),
        (protocol, probe, response): (Protocol, Option<ProbeId>, &[u8]),
        answers: &mut Answers,
    ) {
        let started = job.timed.then(Instant::now);
        let verdict = classify(&job.matcher, protocol, probe, response, &mut self.scratch);
        if let Some(started) = started {
            self.timing.add(response.len(), started.elapsed());
        }
        if let Some(line) = verdict.gave_up {
            answers.remarks.push((number, Remark::GaveUp(line)));
        }
        let answer = verdict.hit.as_ref().map_or(Answer::Nothing, Answer::Hit);
        job.names.write(&mut answers.text, job.format, id, answer);
    }
}

fn classify<'s>(
    matcher: &Matcher<'static>,
    protocol: Protocol,
    probe: Option<ProbeId>,
    response: &[u8],
    scratch: &'s mut Scratch,
) -> Verdict<'s> {
    if response.is_empty() {
        // Nothing was said, so nothing can be known; no line of a database may match nothing.
        return Verdict { hit: None, gave_up: None };
    }
    match probe {
        Some(probe) => matcher.classify(protocol, probe, response, scratch),
        None => matcher.classify_any(protocol, response, scratch),
    }
}
