namespace XtNotebooks.Kernel.Tests.Notebooks;

/// <summary>A clock that moves when the test says.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly List<Alarm> alarms = [];
    private TimeSpan now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, () => callback(state)) { Due = Due(dueTime), Period = period };
        lock (alarms)
            alarms.Add(alarm);
        return alarm;
    }

    public void Advance(TimeSpan by)
    {
        List<Alarm> ringing;
        lock (alarms)
        {
            now += by;
            ringing = [.. alarms.Where(alarm => alarm.Due <= now)];
            foreach (var alarm in ringing)
                alarm.Due = alarm.Period > TimeSpan.Zero ? now + alarm.Period : null;
        }
        ringing.ForEach(alarm => alarm.Ring());
    }

    private TimeSpan? Due(TimeSpan dueTime) => dueTime == Timeout.InfiniteTimeSpan ? null : now + dueTime;

    private sealed class Alarm(ManualClock clock, Action ring) : ITimer
    {
        public TimeSpan? Due { get; set; }

        public TimeSpan Period { get; set; }

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.alarms)
                (Due, Period) = (clock.Due(dueTime), period);
            return true;
        }

        public void Dispose()
        {
            lock (clock.alarms)
                clock.alarms.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
