// SPDX-License-Identifier: Apache-2.0
//
// What a device proves itself with. The private halves stay behind this interface: in a TPM 2.0, or in the software implementation.
// Two P-256 keys, since a TPM binds a key to one use.
import type { EcPublicJwk } from './jwk.ts'

export interface KeyAgreement {
  readonly agreementJwk: EcPublicJwk
  /**
   * ECDH (NIST SP 800-56A, 5.7.1.2): the x coordinate of the shared point, 32 bytes.
   * @throws PolicyError `key-invalid` when `peer` is no point of the curve.
   */
  agree(peer: EcPublicJwk): Promise<Uint8Array>
}

export interface DeviceKey extends KeyAgreement {
  /** Verifies what {@link sign} made; its thumbprint names the device (`cnf.jkt`). */
  readonly publicJwk: EcPublicJwk
  /** ECDSA with SHA-256 over `message`: r and s, 32 bytes each (RFC 7518, 3.4). */
  sign(message: Uint8Array): Promise<Uint8Array>
}
