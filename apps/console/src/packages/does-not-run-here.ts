// SPDX-License-Identifier: Apache-2.0

/** The session of a boot to record was blocked; the message names engine and reason. */
export class DoesNotRunHere extends Error {
  override readonly name = 'DoesNotRunHere'
}
