#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""runq.py OUT -- cmd...   Runs an emulator with its serial console on stdout; writes every line to OUT with a
timestamp (seconds since exec), then a summary: first byte, marker times, peak RSS, CPU time, RSS at markers.
Lines "<" and ">" bracket one measured repetition: the CPU time of the vCPU thread(s) (name CPU*) between them is
recorded and appended to the following BENCH line as  vcpu <median ns per unit>."""
import sys,os,time,subprocess,select,resource,re,glob,statistics
out=sys.argv[1]; cmd=sys.argv[3:]; tmo=float(os.environ.get('TMO','3600')); vname=os.environ.get('VCPU','CPU')
t0=time.monotonic(); p=subprocess.Popen(cmd,stdin=subprocess.DEVNULL,stdout=subprocess.PIPE,stderr=subprocess.STDOUT)
marks=[('SeaBIOS','SeaBIOS'),('linux_version','Linux version'),('userspace','INIT-USERSPACE'),('done','BENCH-GUEST-DONE')]
seen={}; f=open(out,'w'); first=None
def rss():
    try: return dict(re.findall(r'(VmHWM|VmRSS):\s+(\d+)',open('/proc/%d/status'%p.pid).read()))
    except Exception: return {}
tids=[]
def vcpu():
    global tids
    if not tids:
        for t in glob.glob('/proc/%d/task/*'%p.pid):
            try:
                if open(t+'/comm').read().startswith(vname): tids.append(t+'/schedstat')
            except OSError: pass
        if not tids: tids=['/proc/%d/schedstat'%p.pid]
    try: return sum(int(open(t).read().split()[0]) for t in tids)
    except OSError: return 0
def ptime():
    try:
        a=open('/proc/%d/stat'%p.pid).read().rsplit(')',1)[1].split(); return (int(a[11])+int(a[12]))/os.sysconf('SC_CLK_TCK')
    except Exception: return -1
def note(name,t): d=rss(); d['cpu']=ptime(); seen[name]=(t,d)
lastv=0; line=b''; tail=b''; v0=None; reps=[]
while True:
    if time.monotonic()-t0>tmo: p.terminate(); break
    r,_,_=select.select([p.stdout],[],[],0.5)
    if not r: continue
    c=os.read(p.stdout.fileno(),65536); t=time.monotonic()-t0; v=lastv=vcpu() if b'<' in c or b'>' in c else lastv
    if not c: break
    if first is None: first=t; note('first_byte',t)
    tail=(tail+c)[-200:]
    for n,m in marks:
        if n not in seen and m.encode() in tail: note(n,t)
    line+=c
    *ls,line=line.split(b'\n')
    for l in ls:
        s=l.decode('latin1').rstrip('\r')
        if s=='<': v0=v; continue
        if s=='>':
            if v0 is not None and v: reps.append(v-v0)
            v0=None; continue
        m=re.search(r'units=(\d+)',s)
        if s.startswith('BENCH ') and m and reps:
            u=float(m[1]); s+=' vcpu %.4f vmin %.4f'%(statistics.median(reps)/u,min(reps)/u)
        if m: reps=[]
        f.write('%9.4f %s\n'%(t,s)); f.flush()
p.wait(); t=time.monotonic()-t0
ru=resource.getrusage(resource.RUSAGE_CHILDREN)
f.write('# exit %s wall %.3f user %.3f sys %.3f maxrss_kb %d\n'%(p.returncode,t,ru.ru_utime,ru.ru_stime,ru.ru_maxrss))
for k,(tt,d) in seen.items(): f.write('# mark %s %.4f %s\n'%(k,tt,d))
f.close()
print(open(out).read().split('# exit')[1])
