//! Ctrl-C and SIGTERM, and the runtime that drives children and timers.

use crate::error::{Context, Result};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The asynchronous side of a run: one small runtime, and a wish to stop that everyone can watch.
pub struct Interrupt {
    runtime: Runtime,
    wish: watch::Receiver<bool>,
    rest: watch::Receiver<bool>,
}

/// What the first Ctrl-C or SIGTERM asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstSignal {
    /// What runs is stopped.
    Stop,
    /// Nothing more is started, and what runs goes on to its next safe point. The second signal stops it.
    Rest,
}

impl Interrupt {
    /// From here on Ctrl-C and SIGTERM no longer end the process but say what is wished. One more after the wish to stop
    /// ends it at once; the guardians then clean up by themselves.
    pub fn install(first: FirstSignal) -> Result<Interrupt> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context(|| "cannot start the runtime")?;
        let (sender, wish) = watch::channel(false);
        let (rest_sender, rest) = watch::channel(false);
        runtime.spawn(async move {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return std::future::pending().await;
            };
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if *sender.borrow() {
                    std::process::exit(130);
                }
                if first == FirstSignal::Stop || *rest_sender.borrow() {
                    let _ = sender.send(true);
                }
                let _ = rest_sender.send(true);
            }
        });
        Ok(Interrupt { runtime, wish, rest })
    }

    pub fn is_wanted(&self) -> bool {
        *self.wish.borrow()
    }

    /// Nothing more is to start.
    pub fn is_rest_wanted(&self) -> bool {
        *self.rest.borrow()
    }

    pub fn watch_rest(&self) -> watch::Receiver<bool> {
        self.rest.clone()
    }

    pub fn handle(&self) -> tokio::runtime::Handle {
        self.runtime.handle().clone()
    }

    pub fn watch(&self) -> watch::Receiver<bool> {
        self.wish.clone()
    }
}
