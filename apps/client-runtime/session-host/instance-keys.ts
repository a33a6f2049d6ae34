// SPDX-License-Identifier: Apache-2.0
//
// Keys of one instance's files, all by HKDF-SHA256 (RFC 5869) from its instance key. A key names what it opens, so that a file
// of another release, disk or instance does not open: no comparison decides it.
import { hkdfSync } from 'node:crypto'

const NO_SALT = new Uint8Array(0)

/** What came of each instance key, so that all of it can be overwritten. */
const derived = new WeakMap<Uint8Array, Set<Uint8Array>>()

function derive(instanceKey: Uint8Array, purpose: string): Uint8Array {
  const key = new Uint8Array(hkdfSync('sha256', instanceKey, NO_SALT, purpose, 32))
  const made = derived.get(instanceKey) ?? new Set()
  derived.set(instanceKey, made.add(key))
  return key
}

/** Once nothing that was opened under them is open any more. The instance key stays, and brings the same keys again. */
export function overwriteDerived(instanceKey: Uint8Array): void {
  for (const key of derived.get(instanceKey) ?? []) key.fill(0)
  derived.delete(instanceKey)
}

/** Once nobody needs it. */
export function overwriteInstanceKey(instanceKey: Uint8Array): void {
  overwriteDerived(instanceKey)
  instanceKey.fill(0)
}

/** Overlay of the system disk under one release. */
export const systemDiskKey = (instanceKey: Uint8Array, packageSha256: string, disk: string): Uint8Array =>
  derive(instanceKey, `casemate-system-disk-v1|${packageSha256}|${disk}`)

/** Disk of the user's own, under every release. */
export const userDiskKey = (instanceKey: Uint8Array, disk: string): Uint8Array => derive(instanceKey, `casemate-user-disk-v1|${disk}`)

/** What a UEFI remembers under one release. */
export const uefiVariablesKey = (instanceKey: Uint8Array, packageSha256: string): Uint8Array =>
  derive(instanceKey, `casemate-uefi-variables-v1|${packageSha256}`)

/** What the instance's TPM holds, under every release. */
export const tpmKey = (instanceKey: Uint8Array): Uint8Array => derive(instanceKey, 'casemate-tpm-v1')

/** Of what the instance was customized with. */
export const customizationKey = (instanceKey: Uint8Array): Uint8Array => derive(instanceKey, 'casemate-customization-v1')

export const suspendedStateKey = (instanceKey: Uint8Array): Uint8Array => derive(instanceKey, 'casemate-suspended-state-v1')

/** Of what is kept beside the disks of one snapshot; those open as the disks that they were copied from. */
export const snapshotKey = (instanceKey: Uint8Array, snapshot: string): Uint8Array => derive(instanceKey, `casemate-snapshot-v1|${snapshot}`)

export const snapshotHeadKey = (instanceKey: Uint8Array): Uint8Array => derive(instanceKey, 'casemate-snapshot-head-v1')

/** Of what says which base the disks of a linked clone lie over. */
export const cloneLinkKey = (instanceKey: Uint8Array): Uint8Array => derive(instanceKey, 'casemate-clone-link-v1')

/** Of what says what a clone base holds; its disks open as an instance's do, under its key. */
export const cloneBaseKey = (baseKey: Uint8Array): Uint8Array => derive(baseKey, 'casemate-clone-base-v1')
