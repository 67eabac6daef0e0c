//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Answer};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut answer = ask(talk, &[]).await?;
    if answer.code == (4, 1) && !answer.echo.is_empty() {
        talk.found.detail("capability", "echo");
        answer = ask(talk, &answer.echo).await?;
    }
    let (class, detail) = answer.code;
    if answer.is_reset {
        talk.found.info = "answers nothing but resets".into();
        return Ok(());
    }
    talk.found.detail("code", format!("{class}.{detail:02}"));
    if matches!(answer.code, (2, _) | (4, 1 | 3)) {
        talk.found.detail("auth_required", class != 2);
    }
    if answer.code != (2, 5) || answer.format.is_some_and(|format| format != wire::LINKS) {
        return Ok(());
    }
    const MOST: usize = 32;
    let links = wire::links(&answer.payload);
    for link in links.iter().take(MOST) {
        talk.found.detail("resource", link.target.as_str());
    }
    // Where devices register with servers of LwM2M.
    if links.iter().any(|link| link.kind.split(' ').any(|kind| kind == "oma.lwm2m")) {
        talk.found.info = "LwM2M".into();
    }
    Ok(())
}

async fn ask(talk: &mut Talk, echo: &[u8]) -> Result<Answer, End> {
    const MOST: usize = 3;
    let (number, token) = (talk.random(), talk.random());
    talk.send(&wire::get(number, token, echo));
    for _ in 0..MOST {
        let datagram = talk.datagram().await?;
        let answer = match Answer::read(&datagram, number, token) {
            Ok(answer) => answer,
            Err(_) if !talk.found.service.is_empty() => continue,
            Err(short) => return Err(short.into()),
        };
        // An empty one has no token: its number alone could be chance.
        if answer.code != (0, 0) {
            talk.found.service = "coap".into();
        }
        if answer.is_confirmable {
            talk.send(&wire::acknowledgement(answer.number));
            talk.set_patience(std::time::Duration::from_millis(1));
            // What else may come is of no interest.
            let _ = talk.datagram().await;
        }
        if answer.code != (0, 0) || (answer.is_reset && !talk.found.service.is_empty()) {
            return Ok(answer);
        }
        if answer.is_reset {
            return Err(End::Mismatch);
        }
    }
    Err(End::Mismatch)
}
