// On the host it is a plain library, so that its unit tests and cdylib build there.
#![cfg_attr(any(target_os = "solana", target_arch = "bpf"), no_std)]
//! Credits bought with USDC and spent exactly once.
//!
//! One [`state::Config`] says whom the program obeys: its address has no seed that a caller chooses, and only the upgrade
//! authority can create it, so nobody can bring a config of his own. A [`state::UserCredit`] holds a user's balance, which
//! rises only in the instruction that moves the USDC. A [`state::ConsumeReceipt`] per request makes a charge happen once.
//!
//! The wire is Anchor's (discriminators, events, error logs, `idl.ts`). No program id is compiled in: every address is
//! derived from the id that the runtime passes, so the same build can be deployed under any key.

pub mod args;
mod constrain;
pub mod context;
mod entrypoint;
pub mod error;
pub mod event;
pub mod instructions;
mod log;
mod pda;
pub mod state;
#[cfg(test)]
mod testing;

pub use entrypoint::process_instruction;
