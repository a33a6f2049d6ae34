// SPDX-License-Identifier: Apache-2.0
//
// Words for what is wrong with an appliance. Its texts are somebody else's and end on a terminal: they go through `quote`.
import { PackageError } from '../error.ts'

const longest = 80

/** Of one line, without control characters and invisible ones. */
export function quote(text: string): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}`]/gu, '?')
  return `\`${plain.length > longest ? `${plain.slice(0, longest)}...` : plain}\``
}

export const invalid = (what: string, cause?: unknown): PackageError =>
  new PackageError('appliance-invalid', `the appliance is refused: ${what}`, cause)

export const unsupported = (what: string): PackageError => new PackageError('appliance-unsupported', `the appliance cannot run here: ${what}`)

export const elsewhere = (what: string): PackageError =>
  new PackageError('appliance-refers-elsewhere', `the appliance is refused: expected files beside its descriptor, found ${what}`)

export const wrongDigest = (what: string): PackageError =>
  new PackageError('appliance-digest', `the appliance is not what its manifest says: ${what}`)

/** Whether it is the name of a file in one folder, and no path, URL or device. */
export function isPlainName(text: string): boolean {
  return /^[^/\\:\p{Cc}]{1,255}$/u.test(text) && text !== '.' && text !== '..'
}
