// SPDX-License-Identifier: Apache-2.0
//
// What is mutated, and the tests that are meant to notice: those of each file first. A mutant that only other tests would notice counts as
// survived, so that a file's own tests have to hold it.
const root = 'packages/policy/'

/** Source -> test files, in the order in which they are run. */
const tests: Readonly<Record<string, readonly string[]>> = {
  'src/trust/token.ts': ['test/token.test.ts', 'src/trust/proof.test.ts', 'src/trust/lease.test.ts'],
  'src/trust/encrypted-token.ts': ['test/token.test.ts', 'src/trust/package-key.test.ts', 'test/instance-key.test.ts'],
  'src/trust/lease.ts': ['src/trust/lease.test.ts', 'test/lease-form.test.ts'],
  'src/trust/proof.ts': ['src/trust/proof.test.ts'],
  'src/trust/clock.ts': ['src/trust/clock.test.ts', 'test/vectors.test.ts'],
  'src/trust/succession.ts': ['src/trust/succession.test.ts'],
  'src/trust/activation.ts': ['src/trust/activation.test.ts'],
  'src/trust/package-key.ts': ['src/trust/package-key.test.ts'],
  'src/trust/instance-key.ts': ['test/instance-key.test.ts', 'test/random-input.test.ts'],
  'src/trust/key-list.ts': ['src/trust/key-list.test.ts'],
  'src/trust/merkle-tree.ts': ['src/trust/merkle-tree.test.ts'],
  'src/trust/override.ts': ['src/trust/override.test.ts'],
  'src/trust/rescue-code.ts': ['src/trust/rescue-code.test.ts'],
  'src/trust/passphrase.ts': ['src/trust/passphrase.test.ts'],
  'src/trust/escrow.ts': ['test/escrow.test.ts'],
  'src/trust/escrow-open.ts': ['test/escrow.test.ts'],
  'src/trust/tpm-attestation.ts': ['src/trust/tpm-attestation.test.ts'],
  'src/trust/tpm-public.ts': ['src/trust/tpm-public.test.ts'],
  'src/trust/tpm-bytes.ts': ['src/trust/tpm-bytes.test.ts', 'src/trust/tpm-public.test.ts'],
  'src/model/cidr.ts': ['src/model/cidr.test.ts', 'src/model/network-rules.test.ts'],
  'src/model/network-rules.ts': ['src/model/network-rules.test.ts', 'test/settings.test.ts', 'test/vectors.test.ts'],
  'src/model/usb-rules.ts': ['src/model/usb-rules.test.ts', 'test/settings.test.ts'],
  'src/model/user-lists.ts': ['src/model/user-lists.test.ts'],
  'src/model/policy.ts': ['src/model/policy.test.ts'],
  'src/model/release.ts': ['src/model/release.test.ts'],
  'src/model/strict-json.ts': ['src/model/strict-json.test.ts'],
  'src/report/chain.ts': ['src/report/journal.test.ts', 'src/report/report.test.ts'],
  'src/report/journal.ts': ['src/report/journal.test.ts', 'src/report/report.test.ts'],
  'src/report/report.ts': ['src/report/report.test.ts'],
  'src/report/compliance.ts': ['src/report/compliance.test.ts'],
  'src/decision/condition-holds.ts': ['src/decision/merge.test.ts', 'src/decision/explain.test.ts', 'test/vectors.test.ts'],
  'src/decision/merge.ts': ['src/decision/merge.test.ts', 'src/decision/explain.test.ts', 'test/vectors.test.ts'],
  'src/decision/explain.ts': ['src/decision/explain.test.ts'],
  'src/decision/impact.ts': ['src/decision/impact.test.ts'],
  'src/decision/deadlines.ts': ['src/decision/decide.test.ts', 'test/vectors.test.ts', 'src/decision/live.test.ts'],
  'src/decision/loosen.ts': ['test/vectors.test.ts', 'src/decision/merge.test.ts'],
  'src/decision/host-wide.ts': ['src/decision/host-wide.test.ts'],
  'src/decision/zone.ts': ['src/decision/zone.test.ts', 'test/settings.test.ts', 'test/vectors.test.ts'],
  'src/decision/posture.ts': ['test/vectors.test.ts'],
  'src/decision/re-authentication.ts': ['test/vectors.test.ts'],
  'src/decision/plan/access.ts': ['src/decision/plan/access.test.ts', 'src/decision/live.test.ts', 'test/vectors.test.ts'],
  'src/decision/plan/devices.ts': ['src/decision/live.test.ts', 'test/vectors.test.ts'],
  'src/decision/plan/machine.ts': ['src/decision/live.test.ts', 'test/vectors.test.ts'],
  'src/decision/plan/network.ts': ['src/decision/decide.test.ts', 'test/vectors.test.ts'],
  'src/decision/plan/quarantine.ts': ['src/decision/decide.test.ts', 'test/vectors.test.ts'],
  'src/decision/plan.ts': ['src/decision/decide.test.ts', 'test/vectors.test.ts'],
  'src/decision/decide.ts': [
    'src/decision/decide-limits.test.ts',
    'src/decision/decide.test.ts',
    'test/vectors.test.ts',
    'src/decision/run-policy-tests.test.ts',
  ],
  'src/decision/live.ts': ['src/decision/live.test.ts'],
}

export interface Target {
  /** From the root of the repository, as are `tests`. */
  readonly file: string
  readonly tests: readonly string[]
}

/** @param parts of paths; none is every target. */
export function targetsOf(parts: readonly string[]): readonly Target[] {
  return Object.entries(tests)
    .map(([file, own]) => ({ file: root + file, tests: own.map((test) => root + test) }))
    .filter(({ file }) => parts.length === 0 || parts.some((part) => file.includes(part)))
}
