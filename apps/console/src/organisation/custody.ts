// SPDX-License-Identifier: Apache-2.0

/** What single-operator custody means, in plain words; shown where an organisation is made and where it approves. */
export const singleOperatorWords: readonly string[] = [
  'Single-operator custody: all keys of this organisation lie in one folder, under one passphrase, and one approval is enough.',
  'Whoever has this folder and its passphrase, or takes over this computer while the console runs, can approve and publish anything to every device.',
  'To change that, move root.key, targets.key and approver.key to other hands and machines, and sign there with `casemate-admin approve`.',
]
