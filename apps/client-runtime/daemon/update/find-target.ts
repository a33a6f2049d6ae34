// SPDX-License-Identifier: Apache-2.0
import type { TargetFile, Updater } from 'tuf-js'
import { UpdateError } from './error.ts'

/**
 * What the most trusted role says of a path, or undefined.
 * @throws UpdateError `role-missing`, and what tuf-js throws.
 */
export async function findTarget(updater: Updater, path: string): Promise<TargetFile | undefined> {
  try {
    return await updater.getTargetInfo(path)
  } catch (error) {
    // tuf-js stumbles over its own lookup only where a role is delegated and not in the snapshot.
    if (error instanceof TypeError) throw new UpdateError('role-missing', `the role that would approve \`${path}\` has not been published`, error)
    throw error
  }
}
