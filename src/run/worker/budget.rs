//! What a task may use, and what becomes of a try that used it up.

use super::Worker;
use super::pursuit::{Tried, Try, explain};
use crate::agent::Account;
use crate::error::Result;
use crate::model::run::Outcome;
use crate::model::{Allowance, Budget, Spent};
use crate::run::attempt::Stop;
use crate::tasks::allowance;

impl Worker<'_> {
    pub(super) fn allowance(&self) -> Result<Allowance> {
        let snapshot = self.project.store.snapshot()?;
        let task = snapshot.task(&self.task)?;
        let own = Budget::parse(task.budget.as_deref().unwrap_or_default())
            .map_err(|error| error.hint(format!("aifactory set {} budget=\"5 usd, 30m\"", self.task)))?;
        allowance(&self.project.settings, &snapshot.index()?, &self.task, &own, self.project.host.now())
    }

    pub(super) fn check_budget(&self, current: &Try<'_>, account: &Account) -> Option<Stop> {
        let time = self.project.host.now().since(current.started);
        let used = Spent::so_far(&account.usage(Some(current.start.total())), time);
        let others = self.bench.ledger.note(&current.run, &self.task, &used, current.recorded);
        let detail = current.allowance.check(&used, &others).filter(|_| current.agent.may_vary)?;
        Some(Stop { outcome: Outcome::Budget, detail, until: None })
    }

    /// A try that got to its end and did not do it: with nothing left to spend, a person is needed, not another try.
    pub(super) fn mind_budget(&self, current: &Try<'_>, tried: &mut Tried) {
        let got_through = matches!(tried.result.outcome(), Outcome::Succeeded | Outcome::NoWork);
        let Some(stop) = self.check_budget(current, &tried.result.account).filter(|_| got_through) else { return };
        let missed = explain(current, tried).1;
        let missed = missed.lines().next().unwrap_or_default();
        tried.result.detail = Some(format!("{}: {}; {missed}", current.agent.name, stop.detail));
        tried.result.outcome = Some(stop.outcome);
    }
}
