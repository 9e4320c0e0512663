/**
 * The Anchor IDL (spec 0.1.0) of the credits program, as data: what every client builds instructions from.
 * `idl/kangklip_credits.json` is the same thing for tools that read files; a test keeps the two equal and recomputes
 * every discriminator.
 */
export const IDL = {
  // A program takes its own id from the runtime, so this is only where localnet puts it: see `idlFor`.
  address: "D2LyvyCB1fNwCX7hV1qjiQzEH7QZ2c62a2XSbx5aHRxF",
  metadata: {
    name: "kangklip_credits",
    version: "2.0.0",
    spec: "0.1.0",
    description: "Credits bought with USDC and spent exactly once",
  },
  instructions: [
    {
      name: "initialize_config",
      docs: [
        "Creates the one Config. Only the program's upgrade authority may, and only once; it becomes the admin.",
      ],
      discriminator: [208, 127, 21, 1, 194, 190, 196, 70],
      accounts: [
        { name: "authority", writable: true, signer: true },
        {
          name: "config",
          writable: true,
          pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] },
        },
        { name: "usdc_mint" },
        { name: "program_data" },
        { name: "system_program", address: "11111111111111111111111111111111" },
      ],
      args: [
        { name: "spender", type: "pubkey" },
        { name: "treasury", type: "pubkey" },
        { name: "price", type: "u64" },
      ],
    },
    {
      name: "update_config",
      docs: ["Changes what is given and leaves the rest. Only the admin may. The mint never changes."],
      discriminator: [29, 158, 252, 191, 10, 83, 219, 99],
      accounts: [
        { name: "admin", signer: true },
        {
          name: "config",
          writable: true,
          pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] },
        },
      ],
      args: [
        { name: "spender", type: { option: "pubkey" } },
        { name: "treasury", type: { option: "pubkey" } },
        { name: "price", type: { option: "u64" } },
        { name: "paused", type: { option: "bool" } },
      ],
    },
    {
      name: "propose_admin",
      docs: ["Names who may become the admin by accepting; the zero key takes a proposal back."],
      discriminator: [121, 214, 199, 212, 87, 39, 117, 234],
      accounts: [
        { name: "admin", signer: true },
        {
          name: "config",
          writable: true,
          pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] },
        },
      ],
      args: [{ name: "new_admin", type: "pubkey" }],
    },
    {
      name: "accept_admin",
      docs: ["Makes the proposed key the admin; it signs, so a mistyped key can never take over."],
      discriminator: [112, 42, 45, 90, 116, 181, 13, 170],
      accounts: [
        { name: "new_admin", signer: true },
        {
          name: "config",
          writable: true,
          pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] },
        },
      ],
      args: [],
    },
    {
      name: "pay_usdc",
      docs: ["Moves USDC from the user to the treasury and adds the credits in the same instruction."],
      discriminator: [24, 1, 58, 95, 8, 82, 131, 221],
      accounts: [
        { name: "user", writable: true, signer: true },
        { name: "config", pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] } },
        {
          name: "user_credit",
          writable: true,
          pda: {
            seeds: [
              { kind: "const", value: [99, 114, 101, 100, 105, 116] },
              { kind: "account", path: "user" },
            ],
          },
        },
        { name: "user_usdc", writable: true },
        { name: "treasury_usdc", writable: true },
        { name: "usdc_mint" },
        { name: "token_program", address: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" },
        { name: "system_program", address: "11111111111111111111111111111111" },
      ],
      args: [
        { name: "amount_base_units", type: "u64" },
        { name: "reference", type: { array: ["u8", 32] } },
      ],
    },
    {
      name: "consume_credit",
      docs: [
        "Takes credits for one request. The same request again changes nothing: return data is [1] when charged now, [0] on a replay.",
      ],
      discriminator: [166, 59, 58, 44, 200, 24, 200, 94],
      accounts: [
        { name: "spender", writable: true, signer: true },
        { name: "config", pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] } },
        { name: "user" },
        {
          name: "user_credit",
          writable: true,
          pda: {
            seeds: [
              { kind: "const", value: [99, 114, 101, 100, 105, 116] },
              { kind: "account", path: "user" },
            ],
          },
        },
        {
          name: "receipt",
          writable: true,
          pda: {
            seeds: [
              { kind: "const", value: [114, 101, 99, 101, 105, 112, 116] },
              { kind: "account", path: "user" },
              { kind: "arg", path: "request_id" },
            ],
          },
        },
        { name: "system_program", address: "11111111111111111111111111111111" },
      ],
      args: [
        { name: "request_id", type: { array: ["u8", 32] } },
        { name: "amount", type: "u64" },
      ],
    },
    {
      name: "refund_credit",
      docs: [
        "Gives the credits of one charged request back. Again it changes nothing: return data is [1] when refunded now, [0] on a replay.",
      ],
      discriminator: [119, 197, 196, 172, 45, 240, 227, 139],
      accounts: [
        { name: "spender", writable: true, signer: true },
        { name: "config", pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] } },
        { name: "user" },
        {
          name: "user_credit",
          writable: true,
          pda: {
            seeds: [
              { kind: "const", value: [99, 114, 101, 100, 105, 116] },
              { kind: "account", path: "user" },
            ],
          },
        },
        { name: "receipt", writable: true },
      ],
      args: [],
    },
    {
      name: "close_receipt",
      docs: ["Gives the spender the rent of a receipt back, 216,000 slots after the charge at the earliest."],
      discriminator: [126, 254, 244, 203, 124, 164, 134, 89],
      accounts: [
        { name: "spender", writable: true, signer: true },
        { name: "config", pda: { seeds: [{ kind: "const", value: [99, 111, 110, 102, 105, 103] }] } },
        { name: "user" },
        {
          name: "user_credit",
          pda: {
            seeds: [
              { kind: "const", value: [99, 114, 101, 100, 105, 116] },
              { kind: "account", path: "user" },
            ],
          },
        },
        { name: "receipt", writable: true },
      ],
      args: [],
    },
  ],
  accounts: [
    { name: "Config", discriminator: [155, 12, 170, 224, 30, 250, 204, 130] },
    { name: "UserCredit", discriminator: [41, 47, 169, 170, 241, 28, 215, 103] },
    { name: "ConsumeReceipt", discriminator: [45, 39, 151, 160, 243, 81, 112, 57] },
  ],
  events: [
    { name: "Paid", discriminator: [240, 193, 17, 238, 238, 210, 129, 235] },
    { name: "CreditUsed", discriminator: [8, 159, 199, 32, 225, 228, 19, 38] },
    { name: "CreditRefunded", discriminator: [225, 28, 234, 157, 252, 220, 213, 142] },
  ],
  errors: [
    { code: 6000, name: "InvalidAmount", msg: "Amount is zero or above the limit" },
    { code: 6001, name: "InvalidMint", msg: "Wrong mint or token account" },
    { code: 6002, name: "InvalidOwner", msg: "Wrong account owner" },
    { code: 6003, name: "NotAMultipleOfPrice", msg: "Amount must be a whole number of credits" },
    { code: 6004, name: "Overflow", msg: "Arithmetic overflow" },
    { code: 6005, name: "Unauthorized", msg: "Signer is not authorised" },
    { code: 6006, name: "InsufficientCredits", msg: "Not enough credits" },
    { code: 6007, name: "Paused", msg: "Top-ups are paused" },
    { code: 6008, name: "RequestMismatch", msg: "Request id was already used with another amount" },
    { code: 6009, name: "ReceiptTooYoung", msg: "Receipt can not be closed yet" },
    { code: 6010, name: "BadState", msg: "Bad receipt state" },
  ],
  types: [
    {
      name: "Config",
      type: {
        kind: "struct",
        fields: [
          { name: "admin", type: "pubkey" },
          { name: "pending_admin", type: "pubkey" },
          { name: "spender", type: "pubkey" },
          { name: "usdc_mint", type: "pubkey" },
          { name: "treasury", type: "pubkey" },
          { name: "price", type: "u64" },
          { name: "paused", type: "bool" },
          { name: "bump", type: "u8" },
        ],
      },
    },
    {
      name: "UserCredit",
      type: {
        kind: "struct",
        fields: [
          { name: "user", type: "pubkey" },
          { name: "credits", type: "u64" },
          { name: "purchased", type: "u64" },
          { name: "spent", type: "u64" },
          { name: "bump", type: "u8" },
        ],
      },
    },
    {
      name: "ConsumeReceipt",
      type: {
        kind: "struct",
        fields: [
          { name: "user", type: "pubkey" },
          { name: "request_id", type: { array: ["u8", 32] } },
          { name: "amount", type: "u64" },
          { name: "slot", type: "u64" },
          { name: "state", type: "u8" },
          { name: "bump", type: "u8" },
        ],
      },
    },
    {
      name: "Paid",
      type: {
        kind: "struct",
        fields: [
          { name: "user", type: "pubkey" },
          { name: "reference", type: { array: ["u8", 32] } },
          { name: "amount_base_units", type: "u64" },
          { name: "credits_added", type: "u64" },
          { name: "new_balance", type: "u64" },
        ],
      },
    },
    {
      name: "CreditUsed",
      type: {
        kind: "struct",
        fields: [
          { name: "user", type: "pubkey" },
          { name: "request_id", type: { array: ["u8", 32] } },
          { name: "amount", type: "u64" },
          { name: "new_balance", type: "u64" },
        ],
      },
    },
    {
      name: "CreditRefunded",
      type: {
        kind: "struct",
        fields: [
          { name: "user", type: "pubkey" },
          { name: "request_id", type: { array: ["u8", 32] } },
          { name: "amount", type: "u64" },
          { name: "new_balance", type: "u64" },
        ],
      },
    },
  ],
  constants: [
    { name: "MAX_CONSUME", type: "u64", value: "10" },
    { name: "RECEIPT_MIN_AGE_SLOTS", type: "u64", value: "216000" },
  ],
} as const;
