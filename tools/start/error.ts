// SPDX-License-Identifier: Apache-2.0

/** What ends the start. `environment`: this computer does not allow it; `failed`: a part of the product did not do what it should. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly code: 'environment' | 'failed'

  constructor(code: StartError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
