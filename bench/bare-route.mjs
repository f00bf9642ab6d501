// What a REST answer costs without Atrium: one fastify route that returns the JSON it is given. Run as a process of
// its own: `node bench/bare-route.mjs`, the JSON on standard input; prints its URL once it listens.
import fastify from 'fastify';
import { text } from 'node:stream/consumers';

const answer = JSON.parse(await text(process.stdin));
const app = fastify();
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, new URLSearchParams(String(body))),
);
app.get('/', async () => answer);
app.post('/', async (_request, reply) => reply.code(201).send(answer));
process.stdout.write(await app.listen({ host: '127.0.0.1', port: 0 }));
