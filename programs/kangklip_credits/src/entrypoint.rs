use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    args::Args,
    context::Context,
    error::{self, FrameworkError, Result},
    instructions::*,
    log::log,
};

/// More accounts than any instruction names; what lies behind them is ignored, as Anchor does.
#[cfg(any(target_os = "solana", target_arch = "bpf"))]
const MAX_ACCOUNTS: usize = 16;

/// Reads what the loader passes in r1.
#[cfg(all(any(target_os = "solana", target_arch = "bpf"), not(feature = "no-entrypoint")))]
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    pinocchio::entrypoint::process_entrypoint::<MAX_ACCOUNTS>(input, process_instruction)
}

/// Runs one instruction. Inlined, because BPF passes five arguments at most, a hidden pointer to the result included.
#[inline(always)]
pub fn process_instruction(program_id: &Address, accounts: &mut [AccountView], data: &[u8]) -> ProgramResult {
    run(Context { program_id, accounts, args: Args(data) })
}

/// Logs an error in the words that Anchor's clients look for.
#[inline(never)]
fn run(context: Context) -> Result {
    let result = dispatch(context);
    if let Err(ProgramError::Custom(code)) = result {
        if let Some(line) = error::log_line(code) {
            log(line);
        }
    }
    result
}

fn dispatch(mut context: Context) -> Result {
    match context.args.discriminator()? {
        initialize_config::DISCRIMINATOR => initialize_config::process(context),
        update_config::DISCRIMINATOR => update_config::process(context),
        propose_admin::DISCRIMINATOR => propose_admin::process(context),
        accept_admin::DISCRIMINATOR => accept_admin::process(context),
        pay_usdc::DISCRIMINATOR => pay_usdc::process(context),
        consume_credit::DISCRIMINATOR => consume_credit::process(context),
        refund_credit::DISCRIMINATOR => refund_credit::process(context),
        close_receipt::DISCRIMINATOR => close_receipt::process(context),
        _ => Err(FrameworkError::InstructionFallbackNotFound.into()),
    }
}

#[cfg(all(any(target_os = "solana", target_arch = "bpf"), not(feature = "no-entrypoint")))]
pinocchio::nostd_panic_handler!();

/// What core calls, and upstream's target brings along from nowhere. Solana's own toolchain, whose target_arch is another, has it.
#[cfg(target_arch = "bpf")]
mod memory {
    use pinocchio::syscalls::{sol_memcmp_, sol_memcpy_, sol_memmove_, sol_memset_};

    #[no_mangle]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
        sol_memcpy_(to, from, length as u64);
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
        sol_memmove_(to, from, length as u64);
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
        sol_memset_(to, byte as u8, length as u64);
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, length: usize) -> i32 {
        let mut order = 0;
        sol_memcmp_(a, b, length as u64, &mut order);
        order
    }
}
