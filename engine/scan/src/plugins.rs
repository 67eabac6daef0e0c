//! Handshakes of plugins, each of which is other people's code that may take long or never come back: it runs on threads where that
//! keeps up nobody.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use portprint_core::handshake::{Action, Event, Fault, Handshake, HandshakeId, Handshakes, Limits, PluginId, Target};
use tokio::task::JoinHandle;

use crate::Endpoint;

/// The handshakes of one session.
#[derive(Default)]
pub(crate) struct Plugins {
    open: Vec<(HandshakeId, State)>,
}

enum State {
    Idle(Box<dyn Handshake>),
    /// Dropped when it comes back, if it is forgotten meanwhile.
    Stepping(JoinHandle<Stepped>),
}

type Stepped = (Option<Box<dyn Handshake>>, Result<Action, Fault>);

impl Plugins {
    /// Hands an event to a handshake, and begins it if it is new.
    pub(crate) fn step(
        &mut self,
        handshakes: &Arc<dyn Handshakes>,
        to: &Endpoint,
        can_secure: bool,
        (id, plugin, inside): (HandshakeId, PluginId, bool),
        event: Event,
    ) {
        let known = self.open.iter().position(|(other, _)| *other == id).map(|index| self.open.swap_remove(index));
        let state = match known {
            Some((_, State::Idle(handshake))) => tokio::task::spawn_blocking(move || step(handshake, &event)),
            // One event at a time.
            Some((_, State::Stepping(stepping))) => stepping,
            None => {
                let (handshakes, to) = (handshakes.clone(), to.clone());
                tokio::task::spawn_blocking(move || {
                    let target = Target {
                        host: &to.host,
                        address: to.address.ip(),
                        port: to.address.port(),
                        protocol: to.protocol,
                        inside,
                        can_secure,
                        limits: Limits::default(),
                    };
                    match handshakes.open(plugin, &target) {
                        Ok(handshake) => step(handshake, &event),
                        Err(fault) => (None, Err(fault)),
                    }
                })
            }
        };
        self.open.push((id, State::Stepping(state)));
    }

    pub(crate) fn forget(&mut self, id: HandshakeId) {
        self.open.retain(|(other, _)| *other != id);
    }

    /// The next step that has come back.
    pub(crate) async fn stepped(&mut self) -> (HandshakeId, Result<Action, Fault>) {
        poll_fn(|cx| {
            for (id, state) in &mut self.open {
                let State::Stepping(stepping) = state else { continue };
                let Poll::Ready(joined) = Pin::new(stepping).poll(cx) else { continue };
                let id = *id;
                let (handshake, stepped) = joined.unwrap_or_else(|_| {
                    // Only when the runtime ends.
                    (None, Err(Fault { plugin: String::new(), what: "its thread has ended".to_owned() }))
                });
                match handshake {
                    Some(handshake) => *state = State::Idle(handshake),
                    None => self.open.retain(|(other, _)| *other != id),
                }
                return Poll::Ready((id, stepped));
            }
            Poll::Pending
        })
        .await
    }
}

fn step(mut handshake: Box<dyn Handshake>, event: &Event) -> Stepped {
    let stepped = handshake.step(event);
    (Some(handshake), stepped)
}
