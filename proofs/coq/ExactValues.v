(** Values of functions that are known to be rational, linear operations as rows, and the chain rule:
    what the rules of quotients and of changes are made of. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Rays.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qminus : simpl never.
Local Arguments Q2R : simpl never.

Definition is_zero (q : Q) : bool := Qeq_bool q 0.

Fixpoint qpower (q : Q) (n : nat) : Q := match n with O => 1%Q | S n' => Qred (q * qpower q n') end.
(** [g q], where it is known to be rational. *)
Definition known_value (g : fn) (q : Q) : option Q :=
  match g with
  | Relu => Some (if Qle_bool q 0 then 0%Q else q)
  | Abs => Some (if Qle_bool q 0 then (- q)%Q else q)
  | Pow n => Some (qpower q n)
  | Recip => if is_zero q then None else Some (Qinv q)
  | Sin | Tanh | Atan | Sqrt => if is_zero q then Some 0%Q else None
  | Cos | Exp => if is_zero q then Some 1%Q else None
  | Log => if Qeq_bool q 1 then Some 0%Q else None
  end.

Lemma is_zero_ok q : is_zero q = true -> Q2R q = 0.
Proof. intros H. rewrite <- Q2R_zero. apply Qeq_eqR. now apply Qeq_bool_iff. Qed.
Lemma Q2R_red q : Q2R (Qred q) = Q2R q.
Proof. apply Qeq_eqR, Qred_correct. Qed.
Lemma Q2R_one : Q2R 1 = 1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Q2R_m1 : Q2R (-1) = -1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma qpower_ok q n : Q2R (qpower q n) = Q2R q ^ n.
Proof. induction n; cbn [qpower pow]; [apply Q2R_one|]. now rewrite Q2R_red, Q2R_mult, IHn. Qed.
Lemma Qle_bool_ok p q : if Qle_bool p q then Q2R p <= Q2R q else Q2R q < Q2R p.
Proof.
  destruct (Qle_bool p q) eqn:E.
  - apply Qle_Rle. now apply Qle_bool_iff.
  - apply Qlt_Rlt. apply Qnot_le_lt. intros H. apply Qle_bool_iff in H. congruence.
Qed.
Lemma known_value_ok g q k : known_value g q = Some k -> call g (Q2R q) = Some (Q2R k).
Proof.
  unfold call. intros H. destruct g; simpl in H |- *.
  - pose proof (Qle_bool_ok q 0) as L. rewrite Q2R_zero in L. destruct (Qle_bool q 0); inversion H; subst.
    + rewrite Q2R_zero, Rmax_right; auto.
    + rewrite Rmax_left; auto. lra.
  - pose proof (Qle_bool_ok q 0) as L. rewrite Q2R_zero in L. destruct (Qle_bool q 0); inversion H; subst.
    + rewrite Rabs_left1, Q2R_opp; auto.
    + rewrite Rabs_pos_eq; auto. lra.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), sin_0, Q2R_zero.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), cos_0, Q2R_one.
  - destruct (is_zero q) eqn:Z; inversion H; subst. rewrite (is_zero_ok q Z), Q2R_zero. f_equal.
    unfold tanh. rewrite sinh_0. unfold Rdiv. ring.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), exp_0, Q2R_one.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), atan_0, Q2R_zero.
  - destruct (Qeq_bool q 1) eqn:Z; inversion H; subst. apply Qeq_bool_iff, Qeq_eqR in Z.
    rewrite Z, Q2R_one, Q2R_zero, ln_1. destruct (Rlt_dec 0 1); [auto|lra].
  - destruct (is_zero q) eqn:Z; inversion H; subst. rewrite (is_zero_ok q Z), Q2R_zero, sqrt_0.
    destruct (Rle_dec 0 0); [auto|lra].
  - destruct (is_zero q) eqn:Z; inversion H; subst. unfold is_zero in Z. apply Qeq_bool_neq in Z.
    rewrite Q2R_inv by auto. destruct (Req_EM_T (Q2R q) 0) as [E|E]; auto.
    elim Z. apply eqR_Qeq. now rewrite Q2R_zero.
  - inversion H. now rewrite qpower_ok.
Qed.

(** Linear operations as rows. *)
Definition as_row (o : operation) : option (list Q * list nat * Q) :=
  match o with
  | ONeg a => Some ([-1], [a], 0)%Q
  | OAdd a b => Some ([1; 1], [a; b], 0)%Q
  | OSub a b => Some ([1; -1], [a; b], 0)%Q
  | ORow row args bias => Some (row, args, bias)
  | _ => None
  end.
Lemma as_row_ok x u m o row args bias v : as_row o = Some (row, args, bias) -> operate x u m o = Some v ->
  dot row (map (get m) args) (Q2R bias) = Some v /\ arguments o = args.
Proof.
  destruct o; intros H; inversion H; subst; simpl; auto.
  - intros V. split; auto. destruct (get m a) as [y|]; simpl in *; inversion V; subst.
    f_equal. rewrite Q2R_m1, Q2R_zero. ring.
  - intros V. split; auto. destruct (get m a) as [y|], (get m b) as [z|]; simpl in *; inversion V; subst.
    f_equal. rewrite Q2R_one, Q2R_zero. ring.
  - intros V. split; auto. destruct (get m a) as [y|], (get m b) as [z|]; simpl in *; inversion V; subst.
    f_equal. rewrite Q2R_one, Q2R_zero, Q2R_m1. ring.
Qed.

(** ** Sums of numbers, in which equal parts are put together

    Structural equality: what cancels so is 0, and what does not may be 0 too. *)
Definition same_fn (g h : fn) : bool :=
  match g, h with
  | Pow n, Pow k => Nat.eqb n k
  | Relu, Relu | Abs, Abs | Sin, Sin | Cos, Cos | Tanh, Tanh | Exp, Exp | Atan, Atan | Log, Log | Sqrt, Sqrt
  | Recip, Recip => true
  | _, _ => false
  end.
Fixpoint same (n m : number) : bool :=
  match n, m with
  | Rational p, Rational q => Qeq_bool p q
  | Apply g n', Apply h m' => if same_fn g h then same n' m' else false
  | Plus p n' n'', Plus q m' m'' => if Qeq_bool p q then if same n' m' then same n'' m'' else false else false
  | _, _ => false
  end.
(** [c + m], [q n + m] for a value [n] of a function, and [w n + m]. *)
Fixpoint add_rational (c : Q) (m : number) : number :=
  match m with
  | Rational q => Rational (Qred (c + q))
  | Plus q n rest => Plus q n (add_rational c rest)
  | Apply _ _ => Plus 1 m (Rational c)
  end.
Fixpoint add_value (q : Q) (n m : number) : number :=
  match m with
  | Plus p a rest =>
    if same n a then (let s := Qred (q + p) in if is_zero s then rest else Plus s a rest)
    else Plus p a (add_value q n rest)
  | _ => Plus q n m
  end.
Fixpoint add_scaled (w : Q) (n m : number) : number :=
  match n with
  | Rational q => add_rational (Qred (w * q)) m
  | Apply _ _ => add_value w n m
  | Plus q a rest => add_value (Qred (w * q)) a (add_scaled w rest m)
  end.
Fixpoint row_start (row : list Q) (ns : list number) (bias : Q) : number :=
  match row, ns with
  | w :: row', n :: ns' => add_scaled w n (row_start row' ns' bias)
  | _, _ => Rational bias
  end.

Lemma same_ok n : forall m, same n m = true -> real n = real m.
Proof.
  induction n; intros [p|h k|p k k'] H; simpl in *; try discriminate.
  - apply Qeq_eqR. now apply Qeq_bool_iff.
  - assert (F : same_fn g h = true) by (destruct (same_fn g h); auto; discriminate). rewrite F in H.
    rewrite (IHn k H). destruct g, h; simpl in F; try discriminate; auto. apply Nat.eqb_eq in F. now subst.
  - destruct (Qeq_bool q p) eqn:E; [|discriminate]. destruct (same n1 k) eqn:S; [|discriminate].
    apply Qeq_bool_iff, Qeq_eqR in E. now rewrite E, (IHn1 _ S), (IHn2 _ H).
Qed.
Lemma add_rational_ok c m : real (add_rational c m) = Q2R c + real m.
Proof.
  induction m; simpl.
  - rewrite Q2R_red, Q2R_plus. reflexivity.
  - rewrite Q2R_one. ring.
  - rewrite IHm2. ring.
Qed.
Lemma add_value_ok q n m : real (add_value q n m) = Q2R q * real n + real m.
Proof.
  induction m; simpl; auto. destruct (same n m1) eqn:S.
  - apply same_ok in S. destruct (is_zero (Qred (q + q0))) eqn:Z.
    + apply is_zero_ok in Z. rewrite Q2R_red, Q2R_plus in Z. rewrite S.
      replace (Q2R q) with (- Q2R q0) by lra. ring.
    + simpl. rewrite Q2R_red, Q2R_plus, S. ring.
  - simpl. rewrite IHm2. ring.
Qed.
Lemma add_scaled_ok w n m : real (add_scaled w n m) = Q2R w * real n + real m.
Proof.
  induction n; simpl.
  - rewrite add_rational_ok, Q2R_red, Q2R_mult. reflexivity.
  - now rewrite add_value_ok.
  - rewrite add_value_ok, IHn2, Q2R_red, Q2R_mult. ring.
Qed.
(** [g n] as a number. *)
Definition applied (g : fn) (n : number) : number :=
  match n with
  | Rational q => match known_value g q with Some k => Rational k | None => Apply g n end
  | _ => Apply g n
  end.
Lemma applied_ok g n v : call g (real n) = Some v -> v = real (applied g n).
Proof.
  intros C. destruct n as [q|h n|q n k]; try (now apply call_value in C). simpl in *.
  destruct (known_value g q) as [w|] eqn:K; [|now apply call_value in C].
  apply known_value_ok in K. rewrite K in C. now inversion C.
Qed.

(** Maxima: [max (a, b) = b + relu (a - b)]. *)
Definition difference (n m : number) : number := add_scaled (-1) m n.
Lemma difference_ok n m : real (difference n m) = real n - real m.
Proof. unfold difference. rewrite add_scaled_ok, Q2R_m1. ring. Qed.
Lemma kinked_real n m : Rmax (real n) (real m) = real (add_scaled 1 (applied Relu (difference n m)) m).
Proof.
  rewrite add_scaled_ok, Q2R_one.
  rewrite <- (applied_ok Relu (difference n m) (Rmax (real (difference n m)) 0) eq_refl), difference_ok.
  unfold Rmax. repeat destruct Rle_dec; lra.
Qed.

Definition kink (g : fn) : bool := match g with Relu | Abs => true | _ => false end.

(** The chain rule, by definition of the divided difference. *)
Lemma chain k c g n v y w t : 0 < k -> v = real n + k * t ->
  call g v = Some y -> quotient c g (real n) v = Some w -> y = real (applied g n) + k * (w * t).
Proof.
  intros K Ev Cv Qu. unfold quotient in Qu. destruct (Req_EM_T (real n) v) as [E|E].
  - rewrite <- E in Cv. apply applied_ok in Cv. subst y. assert (k * t = 0) as T by lra.
    replace t with 0 by nra. ring.
  - destruct (call g (real n)) as [a|] eqn:A; [|discriminate]. apply applied_ok in A. subst a.
    rewrite Cv in Qu. simpl in Qu. inversion Qu; subst w. rewrite Ev in *. field. lra.
Qed.
Lemma positive_kink g k t y z : kink g = true -> 0 < k -> call g t = Some y -> call g (k * t) = Some z ->
  z = k * y.
Proof.
  unfold call. destruct g; simpl; try discriminate; intros _ K Y Z; inversion Y; inversion Z; subst.
  - unfold Rmax. repeat destruct Rle_dec; nra.
  - rewrite Rabs_mult, (Rabs_pos_eq k); auto. lra.
Qed.
Lemma maximum_chain k c p q y z yi zj g : 0 < k -> y = real p + k * yi -> z = real q + k * zj ->
  quotient c Relu (real p - real q) (1 * y + (-1 * z + 0)) = Some g ->
  Rmax y z = Rmax (real p) (real q) + k * (zj + g * (1 * yi + (-1 * zj + 0))).
Proof.
  intros K Ey Ez Qu. rewrite <- difference_ok in Qu. set (vy := 1 * y + (-1 * z + 0)) in *.
  assert (Ch : Rmax vy 0 = real (applied Relu (difference p q)) + k * (g * (1 * yi + (-1 * zj + 0)))).
  { apply (chain k c Relu (difference p q) vy); auto. rewrite difference_ok. unfold vy. rewrite Ey, Ez. ring. }
  replace (Rmax y z) with (z + Rmax vy 0) by (unfold vy, Rmax; repeat destruct Rle_dec; lra).
  rewrite Ch, kinked_real, add_scaled_ok, Q2R_one, Ez. ring.
Qed.
Lemma increment_chain k c g y z v s t : 0 < k -> z = k * t -> increment g y z = Some v ->
  quotient c g y (y + z) = Some s -> v = k * (s * t).
Proof.
  intros K Ez E Qu. unfold increment in E. destruct (lift2_some _ _ _ _ E) as [p [q [P [Q Pq]]]].
  inversion Pq; subst v. unfold quotient in Qu. destruct (Req_EM_T y (y + z)) as [Ey|Ey].
  - rewrite <- Ey, P in Q. inversion Q; subst q. assert (t = 0) as -> by nra. ring.
  - rewrite P, Q in Qu. simpl in Qu. inversion Qu; subst s. subst z.
    replace (y + k * t - y) with (k * t) by ring.
    assert (t <> 0) by (intros ->; apply Ey; ring). field. split; lra.
Qed.
Lemma kink_increment g k s t w v : kink g = true -> 0 < k -> increment g s t = Some w ->
  increment g (k * s) (k * t) = Some v -> v = k * w.
Proof.
  intros Kg K W V. unfold increment in *. destruct (lift2_some _ _ _ _ W) as [p [q [P [Q Pq]]]].
  destruct (lift2_some _ _ _ _ V) as [p' [q' [P' [Q' Pq']]]]. inversion Pq; inversion Pq'.
  rewrite (positive_kink g k s p p' Kg K P P').
  rewrite <- Rmult_plus_distr_l in Q'. rewrite (positive_kink g k (s + t) q q' Kg K Q Q'). ring.
Qed.
Lemma call_zero g q kq : kink g = true -> Q2R q = 0 -> known_value g q = Some kq -> Q2R kq = 0.
Proof.
  intros Kg Q H. apply known_value_ok in H. rewrite Q in H. unfold call in H.
  destruct g; simpl in *; try discriminate; inversion H.
  - rewrite Rmax_left; lra.
  - now rewrite Rabs_R0.
Qed.
