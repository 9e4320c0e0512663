use pinocchio::{AccountView, Address};
use pinocchio_token::{
    instructions::TransferChecked,
    state::{Account as TokenAccount, Mint},
};

use crate::{
    constrain::{constrain, require},
    context::Context,
    error::{CreditsError, FrameworkError, Result},
    event::{Event, Paid},
    log::log,
    pda::{self, CREDIT_SEED},
    state::{self, Account, Config, UserCredit},
};

pub const DISCRIMINATOR: &[u8; 8] = &[24, 1, 58, 95, 8, 82, 131, 221];

/// Moves USDC from the user straight to the treasury and adds the credits: both happen, or neither.
pub fn process(Context { program_id, accounts, mut args }: Context) -> Result {
    log("Instruction: PayUsdc");
    let [user, config, user_credit, user_usdc, treasury_usdc, usdc_mint, token_program, system_program, ..] =
        accounts
    else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(user).signer()?.writable()?;
    constrain(user_credit).writable()?;
    constrain(user_usdc).writable()?;
    constrain(treasury_usdc).writable()?;
    constrain(token_program).program(&pinocchio_token::ID)?;
    constrain(system_program).program(&pinocchio_system::ID)?;
    let price = {
        let config = Config::load(config, program_id)?;
        require(config.paused == 0, CreditsError::Paused)?;
        require(*usdc_mint.address() == config.usdc_mint, CreditsError::InvalidMint)?;
        require_token_account(user_usdc, &config.usdc_mint, user.address())?;
        require_token_account(treasury_usdc, &config.usdc_mint, &config.treasury)?;
        // The treasury would pay from one hand into the other and get its credits for nothing.
        require(*user.address() != config.treasury, CreditsError::InvalidOwner)?;
        config.price.get()
    };

    let (amount_base_units, reference) = (args.u64()?, args.bytes32()?);
    require(amount_base_units > 0, CreditsError::InvalidAmount)?;
    require(amount_base_units % price == 0, CreditsError::NotAMultipleOfPrice)?;
    let credits_added = amount_base_units / price;

    let decimals = Mint::from_account_view(usdc_mint)?.decimals();
    TransferChecked::new(user_usdc, usdc_mint, treasury_usdc, user, amount_base_units, decimals).invoke()?;

    if user_credit.owned_by(&pinocchio_system::ID) {
        create_user_credit(user_credit, user, program_id)?;
    }
    let new_balance = UserCredit::load_mut(user_credit, user.address(), program_id)?.add(credits_added)?;
    Paid {
        discriminator: Paid::DISCRIMINATOR,
        user: user.address().clone(),
        reference: *reference,
        amount_base_units: amount_base_units.into(),
        credits_added: credits_added.into(),
        new_balance: new_balance.into(),
    }
    .emit();
    Ok(())
}

fn create_user_credit(user_credit: &mut AccountView, user: &AccountView, program_id: &Address) -> Result {
    let bump = pda::find(user_credit, &[CREDIT_SEED, user.address().as_ref()], program_id)?;
    pda::create::<UserCredit, 3>(
        user_credit,
        user,
        [CREDIT_SEED, user.address().as_ref(), &[bump]],
        program_id,
    )?;
    state::fill(
        user_credit,
        UserCredit {
            discriminator: UserCredit::DISCRIMINATOR,
            user: user.address().clone(),
            credits: 0.into(),
            purchased: 0.into(),
            spent: 0.into(),
            bump,
        },
    )
}

fn require_token_account(account: &AccountView, mint: &Address, owner: &Address) -> Result {
    let token = TokenAccount::from_account_view(account).map_err(|_| CreditsError::InvalidMint)?;
    require(token.mint() == mint, CreditsError::InvalidMint)?;
    require(token.owner() == owner, CreditsError::InvalidOwner)
}
