namespace XtNotebooks.Kernel.Threads;

/// <summary>The system's clock, with timers that fire on a thread of their own: those of the system need one of the pool, which a cell may
/// have filled.</summary>
/// <remarks>What a timer calls must be short, since all of them share the thread.</remarks>
/// <param name="log">Where it is told that what a timer called has failed; the other timers go on.</param>
internal sealed class OwnThreadTime(TextWriter log) : TimeProvider
{
    private readonly object gate = new();
    private readonly PriorityQueue<(Alarm Alarm, long Due), long> queue = new();
    private Thread? thread;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    private void Schedule(Alarm alarm)
    {
        if (alarm.Due == Alarm.Never)
            return;
        queue.Enqueue((alarm, alarm.Due), alarm.Due);
        if (thread is null)
        {
            thread = new Thread(Work) { Name = "Timers", IsBackground = true };
            // Timers are nobody's cell, whoever made the first.
            thread.UnsafeStart();
        }
        Monitor.Pulse(gate);
    }

    private void Work()
    {
        while (true)
        {
            try
            {
                WaitForNext().Fire();
            }
            catch (Exception error)
            {
                log.WriteLine($"xt-notebooks: what a timer called has failed: {error.GetBaseException().Message}");
            }
        }
    }

    private Alarm WaitForNext()
    {
        lock (gate)
        {
            while (true)
            {
                if (!queue.TryPeek(out var next, out var due))
                {
                    Monitor.Wait(gate);
                }
                else if (next.Alarm.Due != due)
                {
                    // It was changed or disposed of meanwhile.
                    queue.Dequeue();
                }
                else if (due - Environment.TickCount64 is > 0 and var wait)
                {
                    Monitor.Wait(gate, (int)Math.Min(wait, int.MaxValue));
                }
                else
                {
                    queue.Dequeue();
                    next.Alarm.Due = next.Alarm.Period == Alarm.Never ? Alarm.Never : Environment.TickCount64 + next.Alarm.Period;
                    Schedule(next.Alarm);
                    return next.Alarm;
                }
            }
        }
    }

    private sealed class Alarm(OwnThreadTime clock, TimerCallback callback, object? state) : ITimer
    {
        public const long Never = long.MaxValue;

        /// <summary>In milliseconds of <see cref="Environment.TickCount64"/>; guarded by the clock's gate, as the period is.</summary>
        public long Due { get; set; } = Never;

        public long Period { get; private set; } = Never;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                Due = dueTime < TimeSpan.Zero ? Never : Environment.TickCount64 + (long)Math.Ceiling(dueTime.TotalMilliseconds);
                Period = period <= TimeSpan.Zero ? Never : Math.Max(1, (long)period.TotalMilliseconds);
                clock.Schedule(this);
            }
            return true;
        }

        public void Fire() => callback(state);

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
