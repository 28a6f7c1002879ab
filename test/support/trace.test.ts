import assert from 'node:assert/strict';
import { beyondIn, contactsIn } from './trace.ts';

const LINES = [
  '12 connect(20, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
  '12 connect(20, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
  '12 connect(20, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file or directory)',
  '13 sendto(20, "", 0, 0, {sa_family=AF_INET6, sin6_port=htons(9), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
  '13 sendmsg(20, {msg_name={sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, msg_namelen=16, msg_iovlen=1}, 0) = 0',
  '13 connect(20, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.2")}, 16 <unfinished ...>',
  '14 connect(20, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0',
  '14 connect(20, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("1.127.0.1")}, 16) = 0',
  '14 connect(20, {sa_family=AF_INET, odd}, 16) = 0',
];

describe('a trace', () => {
  it('shows each address of the internet families', () =>
    assert.equal(contactsIn(LINES.join('\n')).length, 8));

  it('tells what leaves the machine, name servers on it counted', () => {
    const beyond = beyondIn(LINES.join('\n')).map(({ address, port }) => `${address} ${port}`);
    assert.deepEqual(beyond, [
      '2001:db8::1 9',
      '192.0.2.1 443',
      '192.0.2.2 443',
      '127.0.0.53 53',
      '1.127.0.1 80',
      '{sa_family=AF_INET, odd} 0',
    ]);
  });
});
