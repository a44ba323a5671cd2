//! Ctrl-C and SIGTERM, and the runtime that drives children and timers.

use crate::error::{Context, Result};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The asynchronous side of a run: one small runtime, and a wish to stop that everyone can watch.
pub struct Interrupt {
    runtime: Runtime,
    wish: watch::Receiver<bool>,
}

impl Interrupt {
    /// From here on Ctrl-C and SIGTERM no longer end the process but set the wish. A second one ends it at once; the
    /// guardians then clean up by themselves.
    pub fn install() -> Result<Interrupt> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context(|| "cannot start the runtime")?;
        let (sender, wish) = watch::channel(false);
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
                let _ = sender.send(true);
            }
        });
        Ok(Interrupt { runtime, wish })
    }

    pub fn is_wanted(&self) -> bool {
        *self.wish.borrow()
    }

    pub fn handle(&self) -> tokio::runtime::Handle {
        self.runtime.handle().clone()
    }

    pub fn watch(&self) -> watch::Receiver<bool> {
        self.wish.clone()
    }
}
