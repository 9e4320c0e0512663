use pinocchio::{AccountView, Address};
use pinocchio_token::state::Mint;

use crate::{
    constrain::{constrain, require},
    context::Context,
    error::{CreditsError, FrameworkError, Result},
    log::log,
    pda::{self, CONFIG_SEED},
    state::{self, Account, Config},
};

pub const DISCRIMINATOR: &[u8; 8] = &[208, 127, 21, 1, 194, 190, 196, 70];

/// BPFLoaderUpgradeab1e11111111111111111111111
const UPGRADEABLE_LOADER: Address = Address::new_from_array([
    2, 168, 246, 145, 78, 136, 161, 176, 226, 16, 21, 62, 247, 99, 174, 43, 0, 194, 185, 61, 22, 193, 36,
    210, 192, 83, 122, 16, 4, 128, 0, 0,
]);

/// Creates the one Config; the upgrade authority, who alone may, becomes the admin.
pub fn process(Context { program_id, accounts, mut args }: Context) -> Result {
    log("Instruction: InitializeConfig");
    let [authority, config, usdc_mint, program_data, system_program, ..] = accounts else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(authority).signer()?.writable()?;
    constrain(config).writable()?;
    constrain(system_program).program(&pinocchio_system::ID)?;
    require(is_upgrade_authority(authority, program_data, program_id)?, CreditsError::Unauthorized)?;
    require(is_mint(usdc_mint), CreditsError::InvalidMint)?;
    let bump = pda::find(config, &[CONFIG_SEED], program_id)?;

    let (spender, treasury, price) = (args.address()?, args.address()?, args.u64()?);
    require(price > 0, CreditsError::InvalidAmount)?;
    require(treasury != Address::default(), CreditsError::InvalidOwner)?;

    pda::create::<Config, 2>(config, authority, [CONFIG_SEED, &[bump]], program_id)?;
    state::fill(
        config,
        Config {
            discriminator: Config::DISCRIMINATOR,
            admin: authority.address().clone(),
            pending_admin: Address::default(),
            spender,
            usdc_mint: usdc_mint.address().clone(),
            treasury,
            price: price.into(),
            paused: 0,
            bump,
        },
    )
}

/// ProgramData is tag 3 (u32), the slot of the last deployment (u64), and the upgrade authority (an option).
fn is_upgrade_authority(
    authority: &AccountView,
    program_data: &AccountView,
    program_id: &Address,
) -> Result<bool> {
    if pda::find(program_data, &[program_id.as_ref()], &UPGRADEABLE_LOADER).is_err() {
        return Ok(false);
    }
    let data = program_data.try_borrow()?;
    Ok(program_data.owned_by(&UPGRADEABLE_LOADER)
        && data.len() >= 45
        && data[..4] == [3, 0, 0, 0]
        && data[12] == 1
        && data[13..45] == *authority.address().as_ref())
}

/// A mint of the classic token program. Those of Token-2022 are refused on purpose: they may take fees or call back.
fn is_mint(account: &AccountView) -> bool {
    Mint::from_account_view(account).is_ok_and(|mint| mint.is_initialized())
}
