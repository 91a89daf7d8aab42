import { Hono } from 'hono'

/** A book in the shop; prices are in cents. */
interface Book {
  readonly title: string
  readonly year: number
  readonly price: number
}

const books: readonly Book[] = [
  { title: 'Emma', year: 1815, price: 990 },
  { title: 'Middlemarch', year: 1871, price: 1450 },
]

/** How many requests this instance has seen. */
let seen = 0

const app = new Hono()
app.use(async (_, next) => {
  seen += 1
  await next()
})
app.get('/', (c) => c.text('A shop of books: GET /books, POST /orders'))
app.get('/books', (c) => c.json(books))
app.get('/books/:at', (c) => {
  const book = books[Number(c.req.param('at'))]
  return book === undefined ? c.json({ error: 'no such book' }, 404) : c.json(book)
})
app.post('/orders', async (c) => {
  const order: unknown = await c.req.json().catch(() => undefined)
  const book = isOrder(order) ? books.find(({ title }) => title === order.title) : undefined
  if (!isOrder(order) || book === undefined)
    return c.json({ error: 'an order has the title of a book, and copies' }, 400)
  const { title, copies } = order
  return c.json({ title, copies, price: book.price * copies }, 201)
})
app.get('/seen', (c) => c.json({ seen }))
app.get('/prices', async (c) => {
  try {
    const response = await fetch('https://prices.example.com/books')
    return c.json(await response.json())
  } catch {
    return c.json({ error: 'the prices cannot be had' }, 502)
  }
})

function isOrder(value: unknown): value is { readonly title: string; readonly copies: number } {
  if (typeof value !== 'object' || value === null) return false
  return (
    'title' in value &&
    typeof value.title === 'string' &&
    'copies' in value &&
    typeof value.copies === 'number'
  )
}

app.fire()
