// SPDX-License-Identifier: GPL-2.0-or-later
// Work for a JVM's JIT with known answers, on four threads: numbers, collections, exceptions, locks, garbage, hashes, lambdas.
import java.math.BigInteger;
import java.security.MessageDigest;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;
import java.util.zip.*;

public class Jit {
    static void check(String what, Object got, Object want) {
        if (!got.equals(want)) {
            throw new IllegalStateException(what + ": " + got + " instead of " + want);
        }
    }

    static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

    static int primes(int n) {
        BitSet s = new BitSet(n + 1);
        int count = 0;
        for (int i = 2; i <= n; i++) {
            if (!s.get(i)) {
                count++;
                for (long j = (long) i * i; j <= n; j += i) s.set((int) j);
            }
        }
        return count;
    }

    static String collections() {
        Map<String, Integer> m = new HashMap<>();
        for (int i = 0; i < 30000; i++) m.merge("k" + i % 1000, i, Integer::sum);
        return m.values().stream().mapToLong(Integer::longValue).sum() + "";
    }

    static int exceptions() {
        int n = 0;
        Object[] a = new Object[3];
        for (int i = 0; i < 6000; i++) {
            try {
                if (i % 3 == 0) a[i % 3].hashCode(); else if (i % 3 == 1) a[7] = null; else n += 4 / (i - i);
            } catch (NullPointerException e) { n += 1;
            } catch (ArrayIndexOutOfBoundsException e) { n += 10;
            } catch (ArithmeticException e) { n += 100; }
        }
        return n;
    }

    static double matrix() {
        int n = 60;
        double[][] a = new double[n][n], b = new double[n][n], c = new double[n][n];
        for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) { a[i][j] = i + j; b[i][j] = i == j ? 2 : 0; }
        for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) for (int k = 0; k < n; k++) c[i][j] += a[i][k] * b[k][j];
        return Arrays.stream(c).flatMapToDouble(Arrays::stream).sum();
    }

    static String sha() throws Exception {
        byte[] h = MessageDigest.getInstance("SHA-256").digest("abc".getBytes());
        return new BigInteger(1, h).toString(16);
    }

    static long crc() {
        byte[] b = new byte[1 << 16];
        for (int i = 0; i < b.length; i++) b[i] = (byte) (i * 31);
        CRC32 x = new CRC32();
        x.update(b);
        long slow = 0xffffffffL;
        for (byte v : b) {
            slow ^= v & 0xff;
            for (int k = 0; k < 8; k++) slow = (slow >>> 1) ^ (0xedb88320L & -(slow & 1));
        }
        return x.getValue() ^ slow ^ 0xffffffffL;
    }

    static final AtomicLong shared = new AtomicLong();
    static long guarded;
    static final Object lock = new Object();

    static void round() throws Exception {
        check("fib", fib(22), 17711);
        check("primes", primes(100000), 9592);
        check("collections", collections(), "449985000");
        check("exceptions", exceptions(), 2000 + 20000 + 200000);
        check("matrix", matrix(), 2.0 * 60 * 60 * 59);
        check("sha", sha(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check("crc", crc(), 0L);
        check("big", BigInteger.valueOf(3).modPow(BigInteger.valueOf(1000000), BigInteger.valueOf(1000000007)),
              BigInteger.valueOf(slowPow(3, 1000000, 1000000007)));
        check("string", IntStream.range(0, 2000).mapToObj(i -> "x" + i).collect(Collectors.joining(",")).length(), 2000 + 1999 + 10 + 180 + 2700 + 4000);
        for (int i = 0; i < 2000; i++) {
            shared.incrementAndGet();
            synchronized (lock) { guarded++; }
        }
    }

    static long slowPow(long b, int e, long m) {
        long r = 1;
        for (int i = 0; i < e; i++) r = r * b % m;
        return r;
    }

    public static void main(String[] args) throws Exception {
        long end = System.nanoTime() + 1000000000L * Long.parseLong(args[0]);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Integer>> list = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            list.add(pool.submit(() -> {
                int n = 0;
                do { round(); n++; } while (System.nanoTime() < end);
                return n;
            }));
        }
        long rounds = 0;
        for (Future<Integer> f : list) rounds += f.get();
        pool.shutdown();
        check("atomic", shared.get(), rounds * 2000);
        check("guarded", guarded, rounds * 2000);
        System.out.println("JAVA ok " + rounds + " rounds");
    }
}
