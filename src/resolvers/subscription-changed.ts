import { access } from '../rules/access.ts'
import { builder } from '../schema/builder.ts'
import { SubscriptionChange, type SubscriptionChangeShape } from '../schema/subscription-change.ts'
import { usageScope } from './usage-scope.ts'

builder.subscriptionField('subscriptionChanged', (t) =>
  t.field({
    type: SubscriptionChange,
    description:
      'What happens to subscriptions, each once and in order: to an API key of its own, to a bearer token of all keys of the account.',
    extensions: access(['apiKey', 'account']),
    args: {
      after: t.arg.id({
        description:
          'Id of the last change that was received: what happened since comes first. Left out: only new ones.',
      }),
    },
    subscribe: async (_root, { after }, context) =>
      context.deps.billingReader.subscribe(await usageScope(context, null), after ?? null),
    // The reader tells nothing but what is about a key's subscription (`billingRecords.told`).
    resolve: (notice) => notice as unknown as SubscriptionChangeShape,
  }),
)
