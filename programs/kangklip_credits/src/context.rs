use pinocchio::{AccountView, Address};

use crate::args::Args;

/// What every instruction gets. One value, because BPF passes five arguments at most.
pub struct Context<'a> {
    /// The id under which the program runs: every address is derived from it.
    pub program_id: &'a Address,
    pub accounts: &'a mut [AccountView],
    pub args: Args<'a>,
}
