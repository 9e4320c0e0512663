import type { FailedTransactionMetadata, TransactionMetadata } from "litesvm";

/** The error numbers of Solana's JSON-RPC that are answered here. */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  preflight: -32002,
  signature: -32003,
  unhealthy: -32005,
  version: -32015,
  minContextSlot: -32016,
} as const;

/** An answer that is an error, in JSON-RPC's own form. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** JSON of a TransactionError, as every client knows it. */
export type TransactionErrorJson = string | Record<string, unknown>;

/** What the virtual machine gives as numbers: the variants without fields, in its own order, seen in litesvm 1.5.0. */
const TRANSACTION_ERRORS = `
  AccountInUse AccountLoadedTwice AccountNotFound ProgramAccountNotFound InsufficientFundsForFee
  InvalidAccountForFee AlreadyProcessed BlockhashNotFound CallChainTooDeep MissingSignatureForFee
  InvalidAccountIndex SignatureFailure InvalidProgramForExecution SanitizeFailure ClusterMaintenance
  AccountBorrowOutstanding WouldExceedMaxBlockCostLimit UnsupportedVersion InvalidWritableAccount
  WouldExceedMaxAccountCostLimit WouldExceedAccountDataBlockLimit TooManyAccountLocks
  AddressLookupTableNotFound InvalidAddressLookupTableOwner InvalidAddressLookupTableData
  InvalidAddressLookupTableIndex InvalidRentPayingAccount WouldExceedMaxVoteCostLimit
  WouldExceedAccountDataTotalLimit MaxLoadedAccountsDataSizeExceeded ResanitizationNeeded
  InvalidLoadedAccountsDataSizeLimit UnbalancedTransaction ProgramCacheHitMaxLimit CommitCancelled`
  .trim()
  .split(/\s+/);

/** The same for the errors of an instruction. */
const INSTRUCTION_ERRORS = `
  GenericError InvalidArgument InvalidInstructionData InvalidAccountData AccountDataTooSmall
  InsufficientFunds IncorrectProgramId MissingRequiredSignature AccountAlreadyInitialized
  UninitializedAccount UnbalancedInstruction ModifiedProgramId ExternalAccountLamportSpend
  ExternalAccountDataModified ReadonlyLamportChange ReadonlyDataModified DuplicateAccountIndex
  ExecutableModified RentEpochModified NotEnoughAccountKeys AccountDataSizeChanged AccountNotExecutable
  AccountBorrowFailed AccountBorrowOutstanding DuplicateAccountOutOfSync InvalidError
  ExecutableDataModified ExecutableLamportChange ExecutableAccountNotRentExempt UnsupportedProgramId
  CallDepth MissingAccount ReentrancyNotAllowed MaxSeedLengthExceeded InvalidSeeds InvalidRealloc
  ComputationalBudgetExceeded PrivilegeEscalation ProgramEnvironmentSetupFailure ProgramFailedToComplete
  ProgramFailedToCompile Immutable IncorrectAuthority AccountNotRentExempt InvalidAccountOwner
  ArithmeticOverflow UnsupportedSysvar IllegalOwner MaxAccountsDataAllocationsExceeded
  MaxAccountsExceeded MaxInstructionTraceLengthExceeded BuiltinProgramsMustConsumeComputeUnits
  BorshIoError`
  .trim()
  .split(/\s+/);

/** The sentences of a validator for those that people meet. */
const SENTENCES: Record<string, string> = {
  AccountNotFound: "Attempt to debit an account but found no record of a prior credit.",
  ProgramAccountNotFound: "Attempt to load a program that does not exist",
  InsufficientFundsForFee: "Insufficient funds for fee",
  InvalidAccountForFee: "This account may not be used to pay transaction fees",
  AlreadyProcessed: "This transaction has already been processed",
  BlockhashNotFound: "Blockhash not found",
  SignatureFailure: "Transaction did not pass signature verification",
  InvalidProgramForExecution: "This program may not be used for executing instructions",
  SanitizeFailure: "Transaction failed to sanitize accounts offsets correctly",
  AddressLookupTableNotFound: "Transaction loads an address table account that doesn't exist",
  MaxLoadedAccountsDataSizeExceeded: "Transaction exceeded max loaded accounts data size cap",
};

const INSTRUCTION_SENTENCES: Record<string, string> = {
  InvalidArgument: "invalid program argument",
  InvalidInstructionData: "invalid instruction data",
  InvalidAccountData: "invalid account data for instruction",
  AccountDataTooSmall: "account data too small for instruction",
  InsufficientFunds: "insufficient funds for instruction",
  IncorrectProgramId: "incorrect program id for instruction",
  MissingRequiredSignature: "missing required signature for instruction",
  NotEnoughAccountKeys: "insufficient account keys for instruction",
  MissingAccount: "An account required by the instruction is missing",
  ProgramFailedToComplete: "Program failed to complete",
  ComputationalBudgetExceeded: "Computational budget exceeded",
  PrivilegeEscalation: "Cross-program invocation with unauthorized signer or writable account",
  UnsupportedProgramId: "Unsupported program id",
  InvalidAccountOwner: "Invalid account owner",
};

export const hasFailed = (result: object): result is FailedTransactionMetadata =>
  "err" in result && typeof result.err === "function";

/** The virtual machine's error in the JSON form that clients know. */
export function errorJson(failed: FailedTransactionMetadata): TransactionErrorJson {
  const error: unknown = failed.err();
  if (typeof error === "number") return TRANSACTION_ERRORS[error] ?? nameOf(failed);
  const { index, accountIndex, err } = error as {
    index?: number;
    accountIndex?: number;
    err?: () => unknown;
  };
  if (err) {
    const cause = err.call(error);
    if (typeof cause === "object" && cause !== null && "code" in cause)
      return { InstructionError: [index, { Custom: cause.code }] };
    const name = typeof cause === "number" ? INSTRUCTION_ERRORS[cause] : undefined;
    return { InstructionError: [index, name ?? "BorshIoError"] };
  }
  if (accountIndex !== undefined) return { [nameOf(failed)]: { account_index: accountIndex } };
  return index === undefined ? nameOf(failed) : { [nameOf(failed)]: index };
}

/** The names of the rarer ones stand in the machine's own words: "err: InsufficientFundsForRent { … }". */
const nameOf = (failed: FailedTransactionMetadata) => /\berr: (\w+)/.exec(String(failed))?.[1] ?? "Unknown";

/** What a validator says of such an error; web3.js and Anchor read the number of a program's error out of it. */
export function errorSentence(error: TransactionErrorJson): string {
  if (typeof error === "string") return SENTENCES[error] ?? error;
  const [name = "", detail] = Object.entries(error)[0] ?? [];
  if (name !== "InstructionError") return `${name}: ${JSON.stringify(detail)}`;
  const [index, cause] = detail as [number, string | { Custom: number }];
  const text =
    typeof cause === "string"
      ? (INSTRUCTION_SENTENCES[cause] ?? cause)
      : `custom program error: 0x${cause.Custom.toString(16)}`;
  return `Error processing Instruction ${index}: ${text}`;
}

export const metaOf = (result: TransactionMetadata | FailedTransactionMetadata): TransactionMetadata =>
  hasFailed(result) ? result.meta() : result;
