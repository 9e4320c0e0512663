use pinocchio::sysvars::{clock::Clock, Sysvar};

use crate::{
    constrain::{constrain, require},
    context::Context,
    error::{CreditsError, FrameworkError, Result},
    log::log,
    state::{Config, ConsumeReceipt, UserCredit, RECEIPT_MIN_AGE_SLOTS},
};

pub const DISCRIMINATOR: &[u8; 8] = &[126, 254, 244, 203, 124, 164, 134, 89];

/// Gives the spender the rent of an old receipt back. It locks more value than a credit brings.
pub fn process(Context { program_id, accounts, .. }: Context) -> Result {
    log("Instruction: CloseReceipt");
    let [spender, config, user, user_credit, receipt, ..] = accounts else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(receipt).writable()?;
    constrain(spender).signer()?.writable()?.authorized(&Config::load(config, program_id)?.spender)?;
    UserCredit::load(user_credit, user.address(), program_id)?;
    let charged_at = ConsumeReceipt::load(receipt, user.address(), program_id)?.slot.get();
    require(
        Clock::get()?.slot >= charged_at.saturating_add(RECEIPT_MIN_AGE_SLOTS),
        CreditsError::ReceiptTooYoung,
    )?;

    let lamports = spender.lamports().checked_add(receipt.lamports()).ok_or(CreditsError::Overflow)?;
    spender.set_lamports(lamports);
    receipt.set_lamports(0);
    receipt.close()
}
