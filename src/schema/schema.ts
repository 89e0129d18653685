import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'

// Imported for their side effect of registering with the builder. Each part adds its line.
import './scalars.ts'
import './root.ts'
import '../resolvers/account.ts'
import '../resolvers/account-billing.ts'
import '../resolvers/api-key.ts'
import '../resolvers/access-history.ts'
import '../resolvers/refused-from.ts'
import './tax.ts'
import '../resolvers/tax.ts'
import '../resolvers/tax-date-changes.ts'
import './due-date-for.ts'
import '../resolvers/due-date-for.ts'
import '../resolvers/calendar-feeds.ts'
import '../resolvers/channels.ts'
import '../resolvers/deliveries.ts'
import '../resolvers/billing-events.ts'
import '../resolvers/usage.ts'
import '../resolvers/monthly-usage.ts'
import '../resolvers/live-usage.ts'
import '../resolvers/forecast.ts'
import '../resolvers/alerts.ts'
import '../resolvers/alert-settings.ts'
import '../resolvers/subscription-changed.ts'
import '../resolvers/invoices.ts'
import '../resolvers/viewer.ts'
import '../resolvers/plans.ts'
import '../resolvers/sellers.ts'
import '../resolvers/usage-breakdown.ts'
import '../resolvers/usage-deadlines.ts'
import '../resolvers/pipeline.ts'
import '../resolvers/access-changes.ts'
import '../resolvers/jobs-on-demand.ts'
import '../resolvers/checkout.ts'
import '../resolvers/reconciliations.ts'
import '../resolvers/usage-charges.ts'

let built: GraphQLSchema | undefined

/** The whole executable schema, built once a process: Pothos registers fields globally. */
export function buildSchema(): GraphQLSchema {
  built ??= builder.toSchema()
  return built
}
