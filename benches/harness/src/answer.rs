//! Answers of peers, and whether they are right.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::corpus::{Expected, Response};
use crate::database::Database;
use crate::engines::Answers;

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The line id, from peers that know lines.
    line: Option<usize>,
    /// The groups from 1 on, without those at the end that took no part, if the peer gave them. Group 0, the whole match, is of no use
    /// to any template, and is not compared.
    groups: Option<Vec<Option<(u32, u32)>>>,
    /// The fields, if the peer gave them. A match without fields has at least a service.
    fields: Option<BTreeMap<String, String>>,
}

/// The fields that peers with rules of their own are compared by.
const COMPARED: [&str; 3] = ["service", "product", "version"];

impl Answer {
    fn parse(text: &str) -> Result<Self> {
        if text == "-" {
            return Ok(Self::default());
        }
        if text.starts_with('{') {
            let object: BTreeMap<String, Value> = serde_json::from_str(text)?;
            let line = object.get("line").and_then(Value::as_u64).map(|line| line as usize);
            let fields = object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
            return Ok(Self { line, groups: None, fields: Some(fields.collect()) });
        }
        let mut parts = text.split(' ');
        let line = parts.next().expect("a split has a first part").parse()?;
        let groups = parts.next().is_some().then(|| parts.map(parse_group).collect::<Result<Vec<_>>>());
        let mut groups = groups.transpose()?;
        while groups.as_ref().is_some_and(|groups| matches!(groups.last(), Some(None))) {
            groups.as_mut().map(Vec::pop);
        }
        Ok(Self { line: Some(line), groups, fields: None })
    }

    /// Whether the peer gave fields.
    pub(crate) fn has_fields(&self) -> bool {
        self.fields.is_some()
    }

    /// Whether two peers that are right by themselves contradict each other.
    fn contradicts(&self, other: &Self) -> bool {
        let differs = |left: bool, right: bool| left && right;
        self.line != other.line
            || differs(self.groups.is_some(), other.groups.is_some()) && self.groups != other.groups
            || differs(self.fields.is_some(), other.fields.is_some()) && self.fields != other.fields
    }

    fn is(&self, expected: Option<&Expected>, database: &Database) -> bool {
        let Some(expected) = expected else { return self.line.is_none() };
        self.line.is_some()
            && self.line == database.id(expected.line)
            && self.fields.as_ref().is_none_or(|fields| {
                expected.fields.iter().all(|(name, value)| fields.get(name).unwrap_or(&String::new()) == value)
                    && fields.iter().all(|(name, value)| expected.fields.get(name) == Some(value))
            })
    }
}

fn parse_group(text: &str) -> Result<Option<(u32, u32)>> {
    if text == "-" {
        return Ok(None);
    }
    let (start, end) = text.split_once(',').context("a group is `start,end`")?;
    Ok(Some((start.parse()?, end.parse()?)))
}

/// What came of a peer's answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked {
    /// How many responses match a line.
    pub(crate) matches: usize,
    /// How many of these a `softmatch` line.
    pub(crate) soft: usize,
    /// How many answers are right.
    pub(crate) right: usize,
    /// The first responses with wrong answers.
    pub(crate) wrong: Vec<usize>,
}

/// Reads answers.
pub(crate) fn parse(text: &str, responses: &[Response]) -> Result<Vec<Answer>> {
    let answers = text.lines().map(|line| Answer::parse(line).with_context(|| format!("the answer `{line}`")));
    let answers = answers.collect::<Result<Vec<_>>>()?;
    ensure!(answers.len() == responses.len(), "{} answers to {} responses", answers.len(), responses.len());
    Ok(answers)
}

/// Holds answers against what the corpus says, or, where it says nothing, against those of another exact peer.
pub(crate) fn check(
    kind: Answers,
    answers: &[Answer],
    responses: &[Response],
    reference: Option<&[Answer]>,
    database: &Database,
) -> Checked {
    let mut checked = Checked::default();
    for (index, (answer, response)) in answers.iter().zip(responses).enumerate() {
        let reference = reference.map(|answers| &answers[index]);
        if let Some(line) = answer.line {
            checked.matches += 1;
            checked.soft += usize::from(database.rules.lines.get(line).is_some_and(|line| line.syntax.soft));
        }
        let is_right = match kind {
            Answers::Bound => true,
            Answers::Exact => match &response.right {
                // Where two answers are right, exact peers may differ.
                Some(right) => {
                    right.iter().any(|expected| answer.is(expected.as_ref(), database))
                        && (right.len() > 1 || reference.is_none_or(|other| !answer.contradicts(other)))
                }
                None => reference.is_none_or(|other| !answer.contradicts(other)),
            },
            Answers::Fields => {
                let fields = answer.fields.clone().unwrap_or_default();
                checked.matches += usize::from(answer.line.is_none() && !fields.is_empty());
                let same = |right: &BTreeMap<String, String>| {
                    COMPARED.iter().all(|name| fields.get(*name) == right.get(*name))
                };
                let nothing = BTreeMap::new();
                match &response.right {
                    Some(right) => right.iter().any(|it| same(it.as_ref().map_or(&nothing, |it| &it.fields))),
                    None => reference.is_none_or(|other| same(other.fields.as_ref().unwrap_or(&nothing))),
                }
            }
        };
        if is_right {
            checked.right += 1;
        } else if checked.wrong.len() < 5 {
            checked.wrong.push(index);
        }
    }
    checked
}
