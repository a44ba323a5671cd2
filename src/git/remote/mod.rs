use super::{Expected, Oid, Repository};
use crate::error::Error;
use std::collections::BTreeMap;
pub struct Remote<'r> { pub r: &'r Repository, pub name: String }
impl Repository { pub fn remote(&self, name: &str) -> Remote<'_> { Remote { r: self, name: name.to_owned() } } }
#[derive(Debug, Clone, Copy, PartialEq, Eq)] pub enum Trouble { Missing, Unreachable, Authentication, ReadOnly, Full, TimedOut, Other }
#[derive(Debug)] pub struct TransferError { pub trouble: Trouble, pub error: Error }
impl From<TransferError> for Error { fn from(e: TransferError) -> Error { e.error } }
pub struct Progress { pub what: String, pub percent: Option<u8> }
pub struct FetchSpec<'a> { pub from: &'a str, pub to: &'a str, pub force: bool }
pub struct PushUpdate<'a> { pub name: &'a str, pub expected: Expected, pub new: Option<Oid> }
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome { Accepted, Stale(Vec<String>), Declined { name: String, why: String } }
impl Remote<'_> {
    pub fn list(&self, _: &[&str]) -> Result<BTreeMap<String, Oid>, TransferError> { todo!() }
    pub fn fetch(&self, _: &[FetchSpec<'_>], _: &mut dyn FnMut(Progress)) -> Result<(), TransferError> { todo!() }
    pub fn push(&self, _: &[PushUpdate<'_>], _: bool, _: &mut dyn FnMut(Progress)) -> Result<PushOutcome, TransferError> { todo!() }
}
