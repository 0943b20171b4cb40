(** The rules of quotients along rays, each with its identity.

    For [k = r] (first order) and [k = r^2] (second order) alike: if [a = q + k a'] for the arguments,
    so it is for the result.  In words: [proofs/theory/L-RAY.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline Rays ExactValues.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qminus : simpl never.
Local Arguments Q2R : simpl never.

Section Rules.
Variable es : list entry.                              (* of what was before, newest first *)
Variable zero : nat.                                   (* where the constant 0 is *)
Definition entry_at (j : nat) : entry := nth (length es - S j) es (Entry 0 None None None).

(** The number that a part starts from, if it is known to be rational. *)
Definition exact (e : entry) : option Q := match start e with Some (Rational q) => Some q | _ => None end.

Definition rational_start (o : operation) : option Q :=
  match o with
  | OConst q => Some q
  | OMul a b =>
    match exact (entry_at a), exact (entry_at b) with
    | Some p, Some q => Some (Qred (p * q))
    | Some p, None => if is_zero p then Some 0%Q else None
    | None, Some q => if is_zero q then Some 0%Q else None
    | None, None => None
    end
  | OMax a b =>
    match exact (entry_at a), exact (entry_at b) with
    | Some p, Some q => Some (if Qle_bool p q then q else p)
    | _, _ => None
    end
  | OIncrement g a b =>
    match exact (entry_at b) with Some q => if is_zero q then Some 0%Q else None | None => None end
  | _ => None
  end.
(** A product in which [a] starts at a rational number, and [b] need not. *)
Definition scaled_start (a b : nat) : option number :=
  match exact (entry_at a), start (entry_at b) with
  | Some p, Some n => Some (add_scaled p n (Rational 0))
  | _, _ => None
  end.
Definition scaled_rule (order : entry -> option nat) (a b : nat) : option part :=
  let A := entry_at a in let B := entry_at b in
  match order A, order B with
  | Some i, Some j =>
    Some (match exact A with
          | Some p => if Nat.eqb i zero then PRow [p] [j] else PAdd (PMul (PAt i) (PAt (here B))) (PRow [p] [j])
          | None => PAt zero
          end)
  | _, _ => None
  end.
(** A maximum of numbers that are not known to be rational: [max (a, b) = b + relu (a - b)]. *)
Definition kinked_start (a b : nat) : option number :=
  match start (entry_at a), start (entry_at b) with
  | Some n, Some m => Some (add_scaled 1 (applied Relu (difference n m)) m)
  | _, _ => None
  end.
Definition kinked_rule (order : entry -> option nat) (a b : nat) : option part :=
  let A := entry_at a in let B := entry_at b in
  match start A, order A, start B, order B with
  | Some n, Some i, Some m, Some j =>
    Some (if Nat.eqb i zero && Nat.eqb j zero then PAt zero else
          PAdd (PAt j) (PMul (PQuotient Relu (part_of (difference n m)) (PRow [1%Q; (-1)%Q] [here A; here B]))
                             (PRow [1%Q; (-1)%Q] [i; j])))
  | _, _, _, _ => None
  end.
Definition ray_start (o : operation) : option number :=
  match o with
  | OMul a b =>
    match rational_start o, scaled_start a b with
    | Some q, _ => Some (Rational q)
    | None, Some n => Some n
    | None, None => scaled_start b a
    end
  | OMax a b =>
    match rational_start o with Some q => Some (Rational q) | None => kinked_start a b end
  | OCall g a => option_map (applied g) (start (entry_at a))
  | _ =>
    match as_row o with
    | Some (row, args, bias) =>
      match all_some (map (fun j => start (entry_at j)) args) with
      | Some ns => Some (row_start row ns bias)
      | None => None
      end
    | None => option_map Rational (rational_start o)
    end
  end.

Definition is_nought (n : number) : bool := match n with Rational q => is_zero q | _ => false end.
(** [order] is [first] or [second]. *)
Definition quotient_rule (order : entry -> option nat) (o : operation) : option part :=
  match o with
  | OConst _ => Some (PAt zero)
  | OMul a b =>
    let A := entry_at a in let B := entry_at b in
    match rational_start o with
    | None => match scaled_start a b with Some _ => scaled_rule order a b | None => scaled_rule order b a end
    | Some _ =>
    match exact A, order A, exact B, order B with
    | Some p, Some i, Some q, Some j =>
      Some (if Nat.eqb i zero then PRow [p] [j] else if Nat.eqb j zero then PRow [q] [i]
            else if is_zero q then PMul (PAt (here A)) (PAt j)
            else if is_zero p then PMul (PAt i) (PAt (here B))
            else PAdd (PMul (PAt i) (PAt (here B))) (PRow [p] [j]))
    | p, i, q, j =>
      match q, j with
      | Some q, Some j => if is_zero q then Some (PMul (PAt (here A)) (PAt j)) else None
      | _, _ =>
        match p, i with
        | Some p, Some i => if is_zero p then Some (PMul (PAt i) (PAt (here B))) else None
        | _, _ => None
        end
      end
    end
    end
  | OMax a b =>
    let A := entry_at a in let B := entry_at b in
    match exact A, order A, exact B, order B with
    | Some p, Some i, Some q, Some j =>
      Some (if Nat.eqb i zero && Nat.eqb j zero then PAt zero
            else if Qeq_bool p q then PMax (PAt i) (PAt j)
            else PAdd (PAt j) (PMul (PQuotient Relu (PConst (p - q)%Q) (PRow [1%Q; (-1)%Q] [here A; here B]))
                                    (PRow [1%Q; (-1)%Q] [i; j])))
    | Some _, _, Some _, _ => None
    | _, _, _, _ => kinked_rule order a b
    end
  | OCall g a =>
    let A := entry_at a in
    match start A, order A with
    | Some n, Some i =>
      Some (if Nat.eqb i zero then PAt zero
            else if kink g && is_nought n then PCall g (PAt i)
            else PMul (PQuotient g (part_of n) (PAt (here A))) (PAt i))
    | _, _ => None
    end
  | OIncrement g a b =>
    let A := entry_at a in let B := entry_at b in
    match exact B, order B with
    | Some q, Some j =>
      if is_zero q then
        let whole := PMul (PQuotient g (PAt (here A)) (PRow [1%Q; 1%Q] [here A; here B])) (PAt j) in
        Some (if Nat.eqb j zero then PAt zero else
              match exact A, order A with
              | Some p, Some i => if kink g && is_zero p then PIncrement g (PAt i) (PAt j) else whole
              | _, _ => whole
              end)
      else None
    | _, _ => None
    end
  | _ =>
    match as_row o with
    | Some (row, args, _) =>
      match all_some (map (fun j => order (entry_at j)) args) with
      | Some ps => Some (if forallb (Nat.eqb zero) ps then PAt zero else PRow row ps)
      | None => None
      end
    | None => None
    end
  end.

(** ** Why they are right *)

Variables (m : list scalar) (src src0 : list scalar).
Hypothesis zero_ok : get m zero = Some 0.
Hypothesis here_ok : forall j, (j < length es)%nat -> get m (here (entry_at j)) = get src j.

Lemma exact_start e q : exact e = Some q -> start e = Some (Rational q).
Proof. unfold exact. destruct (start e) as [[p| |]|]; intros H; inversion H; auto. Qed.

(** Values at the equilibrium. *)
Lemma ray_start_ok x u o n v : below (length es) (arguments o) = true ->
  (forall j n v, (j < length es)%nat -> start (entry_at j) = Some n -> get src0 j = Some v -> v = real n) ->
  ray_start o = Some n -> operate x u src0 o = Some v -> v = real n.
Proof.
  intros B N H V.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  assert (S : forall j q v, (j < length es)%nat -> exact (entry_at j) = Some q -> get src0 j = Some v -> v = Q2R q).
  { intros j q w L E G. apply exact_start in E. now rewrite (N j (Rational q) w L E G). }
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    match all_some (map (fun j => start (entry_at j)) args) with
    | Some ns => Some (row_start row ns bias) | None => None end = Some n -> v = real n).
  { intros row args bias A K. destruct (as_row_ok x u src0 o row args bias v A V) as [D Ea].
    destruct (all_some _) as [ns|] eqn:As; [|discriminate]. inversion K; subst n; clear K.
    apply all_some_ok in As. rewrite Ea in Bi. clear A V H Ea B S. revert args ns v Bi As D.
    induction row as [|w row IH]; intros [|j args] [|q ns] v Bi As D; simpl in As; try discriminate;
      simpl in D |- *; try congruence.
    inversion As. destruct (get src0 j) as [y|] eqn:Y; [|discriminate].
    destruct (dot row _ _) as [y'|] eqn:Y'; [|discriminate]. simpl in D. inversion D; subst.
    rewrite add_scaled_ok. rewrite (N j q y), (IH args ns y'); auto; intros; apply Bi; simpl; auto. }
  assert (Scaled : forall a b y z, scaled_start a b = Some n -> (a < length es)%nat -> (b < length es)%nat ->
    get src0 a = Some y -> get src0 b = Some z -> y * z = real n).
  { unfold scaled_start. intros a b y z E La Lb Y Z. destruct (exact (entry_at a)) as [p|] eqn:Ea; [|discriminate].
    destruct (start (entry_at b)) as [k|] eqn:Eb; [|discriminate]. inversion E; subst n.
    rewrite add_scaled_ok. simpl. rewrite Q2R_zero, (S a p y La Ea Y), (N b k z Lb Eb Z). ring. }
  assert (kinked_start_ok : forall a b y z, kinked_start a b = Some n -> (a < length es)%nat -> (b < length es)%nat ->
    get src0 a = Some y -> get src0 b = Some z -> Rmax y z = real n).
  { unfold kinked_start. intros a b y z E La Lb Y Z. destruct (start (entry_at a)) as [p|] eqn:Ea; [|discriminate].
    destruct (start (entry_at b)) as [q|] eqn:Eb; [|discriminate]. inversion E; subst n.
    rewrite (N a p y La Ea Y), (N b q z Lb Eb Z). apply kinked_real. }
  destruct o; try (eapply Row; [reflexivity|exact H]); try discriminate; clear Row;
    try (match type of H with ray_start (OMul ?a ?b) = _ => idtac end;
         cbn [ray_start] in H; destruct (rational_start _) as [q|] eqn:R in H;
         [inversion H; subst n; clear H Scaled; rename R into H; cbn [real]|
          destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]; inversion E; subst; clear E;
          cbn [arguments In] in Bi; destruct (scaled_start a b) as [k|] eqn:Sk;
          [inversion H; subst k; apply (Scaled a b); auto|rewrite Rmult_comm; apply (Scaled b a); auto]]);
    try (match type of H with ray_start (OMax ?a ?b) = _ => idtac end;
         cbn [ray_start] in H; destruct (rational_start _) as [q|] eqn:R in H;
         [inversion H; subst n; clear H; rename R into H; cbn [real]|
          destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]; inversion E; subst; clear E;
          cbn [arguments In] in Bi; apply (kinked_start_ok a b); auto]);
    try (cbn [ray_start as_row] in H; destruct (rational_start _) as [q|] eqn:R in H; [|discriminate];
         inversion H; subst n; clear H; rename R into H; cbn [real]); simpl in *.
  - inversion H; inversion V; now subst.
  - destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    destruct (exact (entry_at a)) as [qa|] eqn:A; destruct (exact (entry_at b)) as [qb|] eqn:Bb.
    + inversion H. rewrite Q2R_red, Q2R_mult, (S a qa y), (S b qb z); auto.
    + destruct (is_zero qa) eqn:Q; inversion H; subst. rewrite (S a qa y), (is_zero_ok qa Q), Q2R_zero; auto. ring.
    + destruct (is_zero qb) eqn:Q; inversion H; subst. rewrite (S b qb z), (is_zero_ok qb Q), Q2R_zero; auto. ring.
    + discriminate.
  - destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    destruct (exact (entry_at a)) as [qa|] eqn:A; [|discriminate].
    destruct (exact (entry_at b)) as [qb|] eqn:Bb; [|discriminate]. inversion H; subst; clear H.
    rewrite (S a qa y), (S b qb z); auto. pose proof (Qle_bool_ok qa qb).
    destruct (Qle_bool qa qb); [now rewrite Rmax_right|rewrite Rmax_left; auto; lra].
  - destruct (lift1_some _ _ _ V) as [y [Y E]]. destruct (start (entry_at a)) as [na|] eqn:A; [|discriminate].
    inversion H; subst n. apply applied_ok. rewrite <- (N a na y); auto.
  - rename s into a, d into b.
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. destruct (exact (entry_at b)) as [qb|] eqn:Bb; [|discriminate].
    destruct (is_zero qb) eqn:Q; inversion H; subst. rewrite (S b qb z) in E by auto.
    unfold increment in E. rewrite (is_zero_ok qb Q), Rplus_0_r in E.
    destruct (call g y); simpl in E; inversion E. rewrite Q2R_zero. ring.
Qed.

(** What a quotient means: [v = q + k v']. *)
Definition quotients_hold (k : R) (order : entry -> option nat) : Prop := forall j q p v w,
  (j < length es)%nat -> start (entry_at j) = Some q -> order (entry_at j) = Some p ->
  get src j = Some v -> get m p = Some w -> v = real q + k * w.
Lemma exact_hold k order : quotients_hold k order -> forall j q p v w, (j < length es)%nat ->
  exact (entry_at j) = Some q -> order (entry_at j) = Some p -> get src j = Some v -> get m p = Some w ->
  v = Q2R q + k * w.
Proof. intros H j q p v w L E. now apply (H j (Rational q) p v w L), exact_start. Qed.

Lemma quotient_rule_ok x u k order o n t v w : 0 < k -> quotients_hold k order ->
  below (length es) (arguments o) = true -> ray_start o = Some n -> quotient_rule order o = Some t ->
  operate x u src o = Some v -> is_value m t w -> v = real n + k * w.
Proof.
  intros K Nh B Hs Hr V I. pose proof (exact_hold k order Nh) as Qh.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    match all_some (map (fun j => start (entry_at j)) args) with
    | Some ns => Some (row_start row ns bias) | None => None end = Some n ->
    match all_some (map (fun j => order (entry_at j)) args) with
    | Some ps => Some (if forallb (Nat.eqb zero) ps then PAt zero else PRow row ps) | None => None end = Some t ->
    v = real n + k * w).
  { intros row args bias A Ks Kt. destruct (as_row_ok x u src o row args bias v A V) as [D Ea].
    destruct (all_some (map (fun j => start (entry_at j)) args)) as [ns|] eqn:As; [|discriminate].
    destruct (all_some (map (fun j => order (entry_at j)) args)) as [ps|] eqn:Ap; [|discriminate].
    inversion Ks; subst n; clear Ks. inversion Kt; subst t; clear Kt.
    apply all_some_ok in As. apply all_some_ok in Ap.
    assert (I' : dot row (map (get m) ps) 0 = Some w).
    { destruct (forallb (Nat.eqb zero) ps) eqn:Z; [|exact I]. simpl in I. rewrite zero_ok in I.
      inversion I; subst w. clear -Z zero_ok. revert row. induction ps as [|p ps IH]; intros [|c row]; simpl; auto.
      simpl in Z. apply andb_prop in Z; destruct Z as [Z1%Nat.eqb_eq Z2]. subst p.
      rewrite (IH Z2 row), zero_ok. simpl. f_equal. ring. }
    clear I. rewrite Ea in Bi. clear A V Hs Hr Ea B Qh. revert args ns ps v w Bi As Ap D I'.
    induction row as [|c row IH]; intros [|j args] [|q ns] [|p ps] v w Bi As Ap D I; simpl in As, Ap;
      try discriminate; simpl in D, I |- *; try (inversion D; inversion I; subst; ring).
    inversion As. inversion Ap. destruct (get src j) as [y|] eqn:Y; [|discriminate].
    destruct (dot row (map (get src) args) _) as [y'|] eqn:Y'; [|discriminate].
    destruct (get m p) as [z|] eqn:Z; [|discriminate].
    destruct (dot row (map (get m) ps) _) as [z'|] eqn:Z'; [|discriminate].
    simpl in D, I. inversion D; inversion I; subst. rewrite add_scaled_ok.
    rewrite (Nh j q p y z), (IH args ns ps y' z'); auto; try ring; intros; apply Bi; simpl; auto. }
  assert (Scaled : forall a b y z, scaled_start a b = Some n -> scaled_rule order a b = Some t ->
    (a < length es)%nat -> (b < length es)%nat -> get src a = Some y -> get src b = Some z -> y * z = real n + k * w).
  { unfold scaled_start, scaled_rule. intros a b y z E T La Lb Y Z.
    pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    destruct (exact (entry_at a)) as [p|] eqn:Ea; [|discriminate].
    destruct (start (entry_at b)) as [e|] eqn:Eb; [|discriminate]. inversion E; subst n.
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|discriminate]. destruct (order (entry_at b)) as [j|] eqn:Ob; [|discriminate].
    inversion T; subst t; clear T. rewrite add_scaled_ok. simpl real. rewrite Q2R_zero.
    destruct (Nat.eqb_spec i zero) as [->|_].
    - simpl in I. destruct (get m j) as [z'|] eqn:Zj; [|discriminate]. simpl in I. inversion I; subst w.
      rewrite (Qh a p zero y 0), (Nh b e j z z'); auto. ring.
    - destruct I as [s1 [s2 [[y' [z1 [Y' [Z1 ->]]]] [T ->]]]]. simpl in Y', Z1, T. rewrite Hb in Z1. inversion Z1; subst z1.
      destruct (get m j) as [z'|] eqn:Zj; [|discriminate]. simpl in T. inversion T; subst s2.
      rewrite (Qh a p i y y'); auto. replace (Q2R p * real e) with (Q2R p * (z - k * z')); [ring|].
      rewrite (Nh b e j z z'); auto. ring. }
  assert (Kinked : forall a b y z, kinked_start a b = Some n -> kinked_rule order a b = Some t ->
    (a < length es)%nat -> (b < length es)%nat -> get src a = Some y -> get src b = Some z -> Rmax y z = real n + k * w).
  { unfold kinked_start, kinked_rule. intros a b y z E T La Lb Y Z.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha. pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    destruct (start (entry_at a)) as [p|] eqn:Sa; [|discriminate].
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|discriminate].
    destruct (start (entry_at b)) as [q|] eqn:Sb; [|discriminate].
    destruct (order (entry_at b)) as [j|] eqn:Ob; [|discriminate].
    inversion E; subst n; clear E. inversion T; subst t; clear T.
    destruct (Nat.eqb i zero && Nat.eqb j zero) eqn:Zz.
    { apply andb_prop in Zz; destruct Zz as [->%Nat.eqb_eq ->%Nat.eqb_eq]. simpl in I.
      rewrite zero_ok in I. inversion I; subst w.
      rewrite (Nh a p zero y 0), (Nh b q zero z 0), !Rmult_0_r, !Rplus_0_r by auto. apply kinked_real. }
    destruct I as [s [t [S [[g [d [[g0 [gap [c [G0 [G Qu]]]]] [D ->]]]] ->]]]]. simpl in S, G, D.
    apply part_of_ok in G0. subst g0. rewrite Ha, Hb in G. simpl in G. inversion G; subst gap; clear G.
    destruct (get m i) as [yi|] eqn:Yi; [|discriminate]. destruct (get m j) as [zj|] eqn:Zj; [|discriminate].
    simpl in D. inversion D; subst d; clear D. inversion S; subst s; clear S.
    rewrite Q2R_one, Q2R_m1 in *.
    rewrite difference_ok in Qu. rewrite <- kinked_real.
    apply (maximum_chain k c p q); auto; [now apply (Nh a p i)|now apply (Nh b q j)]. }
  destruct o; try (eapply Row; [reflexivity|exact Hs|exact Hr]); try discriminate; clear Row;
    try (match type of Hs with ray_start (OMax ?a ?b) = _ => idtac end;
         cbn [ray_start] in Hs; destruct (rational_start _) as [q|] eqn:R in Hs;
         [inversion Hs; subst n; clear Hs Kinked; rename R into Hs; cbn [real]|
          assert (Hk : kinked_rule order a b = Some t)
            by (revert Hr; cbn [quotient_rule]; revert R; cbn [rational_start];
                destruct (exact (entry_at a)), (exact (entry_at b)), (order (entry_at a)), (order (entry_at b)); congruence);
          destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]; inversion E; subst; clear E;
          cbn [arguments In] in Bi; apply (Kinked a b); auto]);
    try (match type of Hs with ray_start (OMul ?a ?b) = _ => idtac end;
         cbn [ray_start] in Hs; cbn [quotient_rule] in Hr; destruct (rational_start _) as [q|] eqn:R in Hs, Hr;
         [inversion Hs; subst n; clear Hs Scaled; rename R into Hs; cbn [real]|
          destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]; inversion E; subst; clear E;
          cbn [arguments In] in Bi; destruct (scaled_start a b) as [k'|] eqn:Sk;
          [inversion Hs; subst k'; apply (Scaled a b); auto|rewrite Rmult_comm; apply (Scaled b a); auto]]);
    try (cbn [ray_start as_row] in Hs; destruct (rational_start _) as [start_q|] eqn:R in Hs; [|discriminate];
         inversion Hs; subst n; clear Hs; rename R into Hs; cbn [real]; try rename start_q into q); simpl in *.
  - (* constants *)
    inversion Hs; inversion Hr; inversion V; subst. simpl in I. rewrite zero_ok in I. inversion I. ring.
  - (* products *)
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    assert (La : (a < length es)%nat) by auto. assert (Lb : (b < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha. pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    assert (Right : forall qb j w, exact (entry_at b) = Some qb -> order (entry_at b) = Some j ->
      is_zero qb = true -> is_value m (PMul (PAt (here (entry_at a))) (PAt j)) w -> y * z = k * w).
    { intros qb j w' S O Zq [y' [z' [Y' [Z' E]]]]. simpl in Y', Z'. rewrite Ha in Y'. inversion Y'; subst.
      rewrite (Qh b qb j z z'), (is_zero_ok qb Zq); auto. ring. }
    assert (Left : forall qa i w, exact (entry_at a) = Some qa -> order (entry_at a) = Some i ->
      is_zero qa = true -> is_value m (PMul (PAt i) (PAt (here (entry_at b)))) w -> y * z = k * w).
    { intros qa i w' S O Zq [y' [z' [Y' [Z' E]]]]. simpl in Y', Z'. rewrite Hb in Z'. inversion Z'; subst.
      rewrite (Qh a qa i y y'), (is_zero_ok qa Zq); auto. ring. }
    destruct (exact (entry_at a)) as [qa|] eqn:Sa; destruct (order (entry_at a)) as [i|] eqn:Oa;
      destruct (exact (entry_at b)) as [qb|] eqn:Sb; destruct (order (entry_at b)) as [j|] eqn:Ob;
      try discriminate;
      try (destruct (is_zero qb) eqn:Zb; try discriminate; inversion Hr; subst t;
           rewrite (Right qb j w); auto;
           assert (Q2R q = 0) as -> by (try (destruct (is_zero qa)); inversion Hs; subst;
             rewrite ?Q2R_red, ?Q2R_mult, ?(is_zero_ok qb Zb), ?Q2R_zero; ring); ring);
      try (destruct (is_zero qa) eqn:Za; try discriminate; inversion Hr; subst t;
           rewrite (Left qa i w); auto;
           assert (Q2R q = 0) as -> by (try (destruct (is_zero qb)); inversion Hs; subst;
             rewrite ?Q2R_red, ?Q2R_mult, ?(is_zero_ok qa Za), ?Q2R_zero; ring); ring).
    inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr. rewrite Q2R_red, Q2R_mult.
    destruct (Nat.eqb_spec i zero) as [->|_].
    { simpl in I. destruct (get m j) as [z'|] eqn:Zj; [|discriminate]. simpl in I. inversion I; subst w.
      rewrite (Qh a qa zero y 0), (Qh b qb j z z'); auto. ring. }
    destruct (Nat.eqb_spec j zero) as [->|_].
    { simpl in I. destruct (get m i) as [y'|] eqn:Yi; [|discriminate]. simpl in I. inversion I; subst w.
      rewrite (Qh a qa i y y'), (Qh b qb zero z 0); auto. ring. }
    destruct (is_zero qb) eqn:Zb.
    { rewrite (Right qb j w), (is_zero_ok qb Zb); auto. ring. }
    destruct (is_zero qa) eqn:Za.
    { rewrite (Left qa i w), (is_zero_ok qa Za); auto. ring. }
    destruct I as [s [t [[y' [z' [Y' [Z' ->]]]] [T ->]]]]. simpl in Y', Z', T. rewrite Hb in Z'.
    inversion Z'; subst z'. destruct (get m j) as [zj|] eqn:Zj; [|discriminate]. simpl in T. inversion T; subst t.
    rewrite (Qh a qa i y y'), (Qh b qb j z zj); auto. ring.
  - (* maxima *)
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    assert (La : (a < length es)%nat) by auto. assert (Lb : (b < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha. pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    destruct (exact (entry_at a)) as [qa|] eqn:Sa; [|discriminate].
    destruct (exact (entry_at b)) as [qb|] eqn:Sb; [|discriminate].
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|discriminate].
    destruct (order (entry_at b)) as [j|] eqn:Ob; [|discriminate].
    inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr.
    pose proof (Qle_bool_ok qa qb) as Le.
    assert (Mq : Q2R (if Qle_bool qa qb then qb else qa) = Rmax (Q2R qa) (Q2R qb))
      by (destruct (Qle_bool qa qb); [now rewrite Rmax_right|rewrite Rmax_left; auto; lra]).
    rewrite Mq. clear Mq Le.
    destruct (Nat.eqb i zero && Nat.eqb j zero) eqn:Zz.
    { apply andb_prop in Zz; destruct Zz as [->%Nat.eqb_eq ->%Nat.eqb_eq]. simpl in I.
      rewrite zero_ok in I. inversion I; subst w.
      rewrite (Qh a qa zero y 0), (Qh b qb zero z 0); auto. rewrite !Rmult_0_r, !Rplus_0_r. ring. }
    destruct (Qeq_bool qa qb) eqn:Qe.
    { apply Qeq_bool_iff, Qeq_eqR in Qe. destruct I as [s [t [S [T ->]]]]. simpl in S, T.
      rewrite (Qh a qa i y s), (Qh b qb j z t), Qe; auto. unfold Rmax. repeat destruct Rle_dec; nra. }
    destruct I as [s [t [S [[g [d [[g0 [gap [c [G0 [G Qu]]]]] [D ->]]]] ->]]]]. simpl in S, G0, G, D. subst g0.
    rewrite Ha, Hb in G. simpl in G. inversion G; subst gap; clear G.
    destruct (get m i) as [yi|] eqn:Yi; [|discriminate]. destruct (get m j) as [zj|] eqn:Zj; [|discriminate].
    simpl in D. inversion D; subst d; clear D. inversion S; subst s; clear S.
    rewrite Q2R_one, Q2R_m1 in *.
    rewrite Q2R_minus in Qu.
    apply (maximum_chain k c (Rational qa) (Rational qb)); auto; cbn [real]; [now apply (Qh a qa i)|now apply (Qh b qb j)].
  - (* functions *)
    destruct (lift1_some _ _ _ V) as [y [Y E]]. assert (La : (a < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha.
    destruct (start (entry_at a)) as [na|] eqn:Sa; [|discriminate].
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|discriminate].
    inversion Hr; subst t; clear Hr. inversion Hs; subst n; clear Hs. destruct (Nat.eqb_spec i zero) as [->|_].
    { simpl in I. rewrite zero_ok in I. inversion I; subst w.
      rewrite (Nh a na zero y 0), Rmult_0_r, Rplus_0_r in E; auto. rewrite (applied_ok g na v E). ring. }
    destruct (kink g && is_nought na) eqn:Kg.
    { apply andb_prop in Kg; destruct Kg as [Kg Zq]. destruct na as [qa| |]; try discriminate.
      pose proof (is_zero_ok qa Zq) as Z0. destruct I as [t [T C]]. simpl in T.
      assert (Kn : exists kq, known_value g qa = Some kq) by (destruct g; try discriminate; simpl; eauto).
      destruct Kn as [kq Kn]. simpl applied. rewrite Kn. simpl real. rewrite (call_zero g qa kq Kg Z0 Kn).
      assert (y = k * t) as -> by (rewrite (Nh a (Rational qa) i y t La Sa Oa Y T); cbn [real]; rewrite Z0; ring).
      rewrite (positive_kink g k t w v Kg K C E). ring. }
    destruct I as [s [t [[q0 [s' [c [Q0 [S Qu]]]]] [T ->]]]]. simpl in S, T. apply part_of_ok in Q0. subst q0.
    rewrite Ha in S. inversion S; subst s'.
    apply (chain k c g na y v s t K); auto. apply (Nh a na i); auto.
  - (* increments *)
    rename s into a, d into b.
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]].
    assert (La : (a < length es)%nat) by auto. assert (Lb : (b < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha. pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    destruct (exact (entry_at b)) as [qb|] eqn:Sb; [|discriminate].
    destruct (order (entry_at b)) as [j|] eqn:Ob; [|discriminate].
    destruct (is_zero qb) eqn:Zb; [|discriminate]. pose proof (is_zero_ok qb Zb) as Z0.
    inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr. rewrite Q2R_zero.
    assert (Ez : forall w, get m j = Some w -> z = k * w)
      by (intros w' G; rewrite (Qh b qb j z w'), Z0; auto; ring).
    assert (Whole : is_value m (PMul (PQuotient g (PAt (here (entry_at a)))
      (PRow [1%Q; 1%Q] [here (entry_at a); here (entry_at b)])) (PAt j)) w -> v = 0 + k * w).
    { intros [s [t [[s1 [s2 [c [S1 [S2 Qu]]]]] [T ->]]]]. simpl in S1, S2, T. rewrite Ha in S1, S2. rewrite Hb in S2.
      simpl in S2. inversion S1; inversion S2; subst s1 s2. rewrite Q2R_one in Qu.
      replace (1 * y + (1 * z + 0)) with (y + z) in Qu by ring.
      rewrite (increment_chain k c g y z v s t K (Ez t T) E Qu). ring. }
    destruct (Nat.eqb_spec j zero) as [->|_].
    { simpl in I. rewrite zero_ok in I. inversion I; subst w.
      assert (z = 0) as -> by (rewrite (Ez 0 zero_ok); ring).
      unfold increment in E. rewrite Rplus_0_r in E. destruct (call g y); simpl in E; inversion E. ring. }
    destruct (exact (entry_at a)) as [qa|] eqn:Sa; [|auto].
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|auto].
    destruct (kink g && is_zero qa) eqn:Kg; [|auto].
    apply andb_prop in Kg; destruct Kg as [Kg Zq]. pose proof (is_zero_ok qa Zq) as Za.
    destruct I as [s [t [S [T C]]]]. simpl in S, T.
    assert (y = k * s) as -> by (rewrite (Qh a qa i y s), Za; auto; ring).
    rewrite (Ez t T) in E. rewrite (kink_increment g k s t w v Kg K C E). ring.
Qed.

End Rules.
