// SPDX-License-Identifier: GPL-2.0-or-later
// Work for the JIT of Node.js with known answers: numbers, strings, regular expressions, typed arrays, maps, closures,
// exceptions, BigInt, code made at run time, WebAssembly, worker threads.
"use strict";
const { Worker, isMainThread, parentPort } = require("worker_threads");
const crypto = require("crypto"), zlib = require("zlib");

const jobs = {
    primes() {
        const n = 200000, sieve = new Uint8Array(n + 1);
        let count = 0;
        for (let i = 2; i <= n; i++) {
            if (!sieve[i]) { count++; for (let j = i * 2; j <= n; j += i) sieve[j] = 1; }
        }
        return [count, 17984];
    },
    fib() { const f = n => n < 2 ? n : f(n - 1) + f(n - 2); return [f(24), 46368]; },
    pi() {
        let s = 0;
        for (let k = 0; k < 300000; k++) s += (k & 1 ? -4 : 4) / (2 * k + 1);
        return [s.toFixed(5), "3.14159"];
    },
    bigint() {
        let a = 1n;
        for (let i = 1n; i <= 200n; i++) a *= i;
        return [(a % 1000000007n).toString(), factMod(200, 1000000007).toString()];
    },
    regexp() {
        let text = "";
        for (let i = 0; i < 2000; i++) text += "item" + i + "=" + i * 7 + ";";
        let sum = 0;
        text.replace(/item(\d+)=(\d+);/g, (m, a, b) => { sum += b - 7 * a + 1; return ""; });
        return [sum, 2000];
    },
    objects() {
        const m = new Map();
        for (let i = 0; i < 20000; i++) m.set("k" + (i % 5000), { n: i, next: m.get("k" + (i % 5000)) });
        let depth = 0;
        for (const v of m.values()) for (let o = v; o; o = o.next) depth++;
        return [depth, 20000];
    },
    throws() {
        let caught = 0;
        for (let i = 0; i < 5000; i++) try { if (i % 3 === 0) throw new Error("x" + i); null.x; } catch (e) { caught += e instanceof TypeError ? 2 : 1; }
        return [caught, 8333];
    },
    generated() {
        let sum = 0;
        for (let i = 0; i < 60; i++) {
            const f = new Function("a", `let s=${i}; for(let k=0;k<2000;k++) s=(s*31+a+${i * 3})|0; return s;`);
            let s = i;
            for (let k = 0; k < 2000; k++) s = (s * 31 + 5 + i * 3) | 0;
            sum += f(5) === s ? 1 : 0;
        }
        return [sum, 60];
    },
    wasm() {
        // (func (param i32) (result i32)): sum of 1..n in a loop
        const code = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 115, 0, 0,
            10, 30, 1, 28, 1, 1, 127, 3, 64, 32, 1, 32, 0, 106, 33, 1, 32, 0, 65, 1, 107, 34, 0, 65, 0, 74, 13, 0, 11, 32, 1, 11]);
        const f = new WebAssembly.Instance(new WebAssembly.Module(code)).exports.s;
        return [f(50000) | 0, 1250025000 | 0];
    },
    hash() {
        const data = Buffer.alloc(1 << 16, "abc"), back = zlib.inflateSync(zlib.deflateSync(data));
        return [back.equals(data) && crypto.createHash("sha256").update("abc").digest("hex"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"];
    },
    sort() {
        const a = [];
        let x = 12345;
        for (let i = 0; i < 20000; i++) { x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff; a.push(x); }
        a.sort((p, q) => p - q);
        let ok = 0;
        for (let i = 1; i < a.length; i++) ok += a[i - 1] <= a[i] ? 1 : 0;
        return [ok, 19999];
    },
};

function factMod(n, m) {
    let a = 1;
    for (let i = 2; i <= n; i++) { let s = 0; for (let k = 0; k < i; k++) s = (s + a) % m; a = s; }
    return a;
}

function round() {
    for (const name of Object.keys(jobs)) {
        const [got, want] = jobs[name]();
        if (got !== want) return `${name}: ${got} instead of ${want}`;
    }
    return null;
}

const end = Date.now() + 1000 * Number(process.argv[2] || 10);
if (isMainThread) {
    let left = 3, total = 0;
    for (let i = 0; i < 3; i++) {
        new Worker(__filename, { argv: process.argv.slice(2) }).on("message", m => {
            if (m.bad) { console.log("NODE WRONG " + m.bad); process.exit(1); }
            total += m.rounds;
            if (--left === 0) { console.log(`NODE ok ${total} rounds`); process.exit(0); }
        }).on("error", e => { console.log("NODE ERROR " + e); process.exit(1); });
    }
} else {
    let rounds = 0, bad = null;
    do { bad = round(); rounds++; } while (!bad && Date.now() < end);
    parentPort.postMessage({ rounds, bad });
}
