// SPDX-License-Identifier: Apache-2.0

/** Called by Next for what a page threw, which it otherwise keeps to itself: for the log of whoever runs the console. */
export function onRequestError(error: unknown, { path }: { readonly path: string }): void {
  console.error(path, error)
}
