/** A request of exactly these bytes: what no HTTP client would send. */
import { connect } from 'node:net';
import { apiUrl } from './api.js';

/** What the server answers to these bytes. @param body null: the header's end is never sent */
export function rawRequest(lines: readonly string[], body: string | null = ''): Promise<string> {
  const { hostname, port } = new URL(apiUrl());
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${lines.join('\r\n')}\r\n${body === null ? '' : '\r\n'}`);
      if (body !== null && body !== '') socket.write(body);
    });
    socket.setTimeout(45_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
  });
}
