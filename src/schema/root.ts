import { builder } from './builder.ts'

/** The three root types. Their fields are added by the resolver modules, each with its `access`. */
builder.queryType({})
builder.mutationType({})
builder.subscriptionType({})
