//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::property::{FIRMWARE, IDENTIFIER, MODEL, PROPERTIES, VENDOR, Value};
use crate::wire::{self, Message};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let [invoke] = talk.random();
    let mut client = Client { invoke, instance: wire::ANY, has_asked: false };
    match client.ask_all(talk).await {
        Ok(Answer::Values(values)) => return tell(talk, &values),
        Ok(Answer::NoObject) | Err(End::TimedOut) => {
            // It does not know the instance that stands for any, or has an own one that is to be known first.
            client.instance = client.who_is(talk).await?;
            if let Answer::Values(values) = client.ask_all(talk).await? {
                return tell(talk, &values);
            }
        }
        Ok(Answer::Failed) => {}
        Err(end) => return Err(end),
    }
    let mut values = Vec::new();
    let mut result = Ok(());
    for property in PROPERTIES {
        match client.ask(talk, &wire::read_property(client.invoke, client.instance, property)).await {
            Ok(Answer::Values(value)) => values.extend(value),
            Ok(Answer::Failed) => {}
            Ok(Answer::NoObject) if client.instance == wire::ANY && !client.has_asked => {
                client.instance = client.who_is(talk).await?;
            }
            Ok(Answer::NoObject) => break,
            Err(end) => {
                result = Err(end);
                break;
            }
        }
    }
    tell(talk, &values)?;
    result
}

fn tell(talk: &mut Talk, values: &[(u32, Value)]) -> Result<(), End> {
    let value = |wanted| values.iter().find(|(id, _)| *id == u32::from(wanted)).map(|(_, value)| value);
    let text = |wanted| match value(wanted) {
        // What bacpypes says of what it was not told.
        Some(Value::Text(text)) if text != "N/A" => text.as_str(),
        _ => "",
    };
    let (vendor, model) = (text(VENDOR.id), text(MODEL.id));
    talk.found.product =
        if model.starts_with(vendor) { model.to_owned() } else { format!("{vendor} {model}").trim_end().to_owned() };
    text(FIRMWARE.id).clone_into(&mut talk.found.version);
    for property in PROPERTIES {
        match value(property.id) {
            Some(Value::Text(_)) => match text(property.id) {
                "" => {}
                text => talk.found.detail(property.key, text),
            },
            Some(Value::Number(number)) if property.key == "protocol_version" => {
                talk.found.detail(property.key, number.to_string());
            }
            Some(Value::Number(number)) => talk.found.detail(property.key, *number),
            Some(Value::Object(wire::DEVICE, instance)) if property == IDENTIFIER => {
                talk.found.detail(property.key, *instance);
            }
            _ => {}
        }
    }
    Ok(())
}

enum Answer {
    Values(Vec<(u32, Value)>),
    NoObject,
    Failed,
}

struct Client {
    /// The number of the next request.
    invoke: u8,
    instance: u32,
    /// Whether the device has been asked for its instance.
    has_asked: bool,
}

impl Client {
    async fn ask_all(&mut self, talk: &mut Talk) -> Result<Answer, End> {
        self.ask(talk, &wire::read_all_properties(self.invoke, self.instance)).await
    }

    /// What is answered to a request with the number that is due.
    async fn ask(&mut self, talk: &mut Talk, request: &[u8]) -> Result<Answer, End> {
        let ours = self.invoke;
        self.invoke = self.invoke.wrapping_add(1);
        talk.send(request);
        let mut answer = None;
        while answer.is_none() {
            answer = match message(talk).await? {
                Message::Properties(invoke, values) if invoke == ours => Some(Answer::Values(values)),
                Message::Failed { invoke, has_no_object: true } if invoke == ours => Some(Answer::NoObject),
                Message::Failed { invoke, .. } if invoke == ours => Some(Answer::Failed),
                _ => None,
            };
        }
        talk.found.service = "bacnet".into();
        answer.ok_or(End::Mismatch)
    }

    /// The device's own instance.
    async fn who_is(&mut self, talk: &mut Talk) -> Result<u32, End> {
        self.has_asked = true;
        talk.send(&wire::who_is());
        loop {
            if let Message::IAm(instance) = message(talk).await? {
                talk.found.service = "bacnet".into();
                return Ok(instance);
            }
        }
    }
}

async fn message(talk: &mut Talk) -> Result<Message, End> {
    Ok(Message::read(&talk.datagram().await?)?)
}
