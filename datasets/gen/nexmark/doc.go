// Package nexmark makes the events of the Nexmark benchmark: people who register, auctions they
// open, and bids.
//
//	event number n ─► kind (n mod 50: 1 person, 3 auctions, 46 bids) ─► draws seeded with n ─► columns
//
// Ids count from 1000. One of two bids goes to the hot auction, three of four are by the hot
// bidder, three of four auctions by the hot seller; the others pick among the last 100 auctions
// and the last 1,000 people. Event time grows by 1 ms every ten events and is never out of order.
//
// The tables are Nexmark (all events in one stream, each with the columns of its kind and nulls in
// the others) and Person, Auction, Bid (one kind alone). All of them are sized by events, the
// number of events of all kinds, so that Bid holds 46 of 50 of them.
//
// Invariants:
//   - A row depends on its event number alone; the number of draws before a value is known without
//     making the values between, so columns that nobody reads cost nothing.
//   - Dictionary vectors of a column always share one dictionary.
//
// What it does not do: rates other than the reference's, or out-of-order events.
//
// Source: P. Tucker et al., "NEXMark: A Benchmark for Queries over Data Streams", 2002, with the
// proportions and the extra columns of the public Beam and Flink versions.
package nexmark
