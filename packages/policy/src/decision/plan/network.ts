// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'

const protocol = z.enum(['tcp', 'udp', 'icmp'])
const cidr = z.union([z.cidrv4(), z.cidrv6()])
/** Inclusive; null for icmp and for every port. */
const ports = z.tuple([z.int().min(1).max(65_535), z.int().min(1).max(65_535)]).nullable()

const networkRule = z.strictObject({ protocol, cidr, ports })

/** Of the addresses that the guest was told for the name. */
const domainRule = z.strictObject({ protocol, domain: z.string().min(1).max(253), within: cidr.optional(), ports })

const domainRules = z.array(domainRule).max(1000).optional()

/** Which servers the guest may reach; whatever is not listed is refused. */
export const plannedNetwork = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({
    mode: z.literal('listed'),
    allow: z.array(networkRule).max(1000),
    allowDomains: domainRules,
    /** Whatever is allowed. */
    deny: z.array(networkRule).max(1000).optional(),
    denyDomains: domainRules,
  }),
])
